/**
 * A QEMU machine whose processor sleeps and whose devices a test drives through the qtest protocol, one line of text
 * for each access. Two FIFOs carry it, so that a register read is an ordinary synchronous call.
 *
 * Does not model: stepping the virtual clock (QEMU offers it only under an accelerator that Debian does not ship).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccessBytes, RegisterHalves } from '../../../src/interfaces/index.ts';
import { QtestMemory } from './qtest-memory.ts';

const MEMORY_BYTES = 256 * 1_024 * 1_024;

/** The PCI hole of the q35 machine, where BARs are placed. */
const BARS_START = 0xe000_0000;

const START_LIMIT_MS = 20_000;

const READ = { 1: 'readb', 2: 'readw', 4: 'readl' } as const;
const WRITE = { 1: 'writeb', 2: 'writew', 4: 'writel' } as const;
const IN = { 1: 'inb', 2: 'inw', 4: 'inl' } as const;
const OUT = { 1: 'outb', 2: 'outw', 4: 'outl' } as const;

/** A started machine. {@link QtestMachine.close} ends it; it also ends with the process that started it. */
export class QtestMachine {
  /** Memory of the guest, as far as devices may use it. */
  readonly memory: QtestMemory;

  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #complaints: number;
  readonly #toQemu: number;
  readonly #fromQemu: number;
  readonly #chunk = Buffer.alloc(65_536);
  #received = '';
  #nextBar = BARS_START;

  /** @param devices arguments of QEMU that add drives and devices, such as `-device nvme,...` */
  constructor(devices: readonly string[]) {
    const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    const directory = mkdtempSync(join(parent, 'lio-nvme-qtest-'));
    const line = join(directory, 'line');
    const ram = join(directory, 'ram');
    const bios = join(directory, 'bios');
    try {
      writeFileSync(bios, haltingBios());
      execFileSync('mkfifo', [`${line}.in`, `${line}.out`]);
      this.#complaints = openSync(join(directory, 'stderr'), 'w+');
      const qemu = ['qemu-system-x86_64', ...baseArguments(bios, ram, line), ...devices];
      this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...qemu], {
        stdio: ['ignore', 'ignore', this.#complaints],
      });
      this.#exited = new Promise((resolve) => {
        this.#child.on('exit', () => resolve());
        this.#child.on('error', () => resolve());
      });
      this.#toQemu = this.#openWriter(`${line}.in`);
      this.#fromQemu = openSync(`${line}.out`, constants.O_RDONLY);
      const greeting = this.command('endianness');
      if (greeting !== 'little') throw this.#failure(`QEMU answered ${greeting}`);
      this.memory = new QtestMemory(ram, MEMORY_BYTES);
    } finally {
      // Everything is open by now, so that nothing stays behind however this process ends.
      rmSync(directory, { recursive: true });
    }
  }

  /** Sends one line and returns what follows `OK` in the answer. */
  command(line: string): string {
    writeSync(this.#toQemu, `${line}\n`);
    const answer = this.#readAnswer();
    if (answer === 'OK') return '';
    if (!answer.startsWith('OK ')) throw this.#failure(`${line}: ${answer}`);
    return answer.slice(3);
  }

  /** Reads guest memory or a register. */
  read(gpa: number, size: AccessBytes): number {
    return Number(this.command(`${READ[size]} ${hex(gpa)}`));
  }

  /** Writes guest memory or a register. */
  write(gpa: number, size: AccessBytes, value: number): void {
    this.command(`${WRITE[size]} ${hex(gpa)} ${hex(value)}`);
  }

  /** Reads eight bytes at once. */
  read64(gpa: number, halves: RegisterHalves): void {
    const digits = this.command(`readq ${hex(gpa)}`)
      .slice(2)
      .padStart(16, '0');
    halves.hi = Number.parseInt(digits.slice(0, 8), 16);
    halves.lo = Number.parseInt(digits.slice(8), 16);
  }

  /** Writes eight bytes at once. */
  write64(gpa: number, lo: number, hi: number): void {
    const digits = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
    this.command(`writeq ${hex(gpa)} 0x${digits(hi)}${digits(lo)}`);
  }

  /** Reads an I/O port. */
  in(port: number, size: AccessBytes): number {
    return Number(this.command(`${IN[size]} ${hex(port)}`));
  }

  /** Writes an I/O port. */
  out(port: number, size: AccessBytes, value: number): void {
    this.command(`${OUT[size]} ${hex(port)} ${hex(value)}`);
  }

  /** An address for a BAR of that many bytes (a power of two), used by nothing else. */
  takeBarAddress(barBytes: number): number {
    const address = Math.ceil(this.#nextBar / barBytes) * barBytes;
    this.#nextBar = address + barBytes;
    return address;
  }

  /** Ends the machine; drives are unlocked when the promise resolves. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    closeSync(this.#toQemu);
    closeSync(this.#fromQemu);
    closeSync(this.#complaints);
    this.memory.close();
  }

  /** Opening a FIFO for writing would wait forever for a QEMU that refused its arguments. */
  #openWriter(path: string): number {
    const started = performance.now();
    const pause = new Int32Array(new SharedArrayBuffer(4));
    while (performance.now() - started < START_LIMIT_MS) {
      try {
        closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
        return openSync(path, constants.O_WRONLY);
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENXIO') throw error;
      }
      if (this.#hasExited()) throw this.#failure('QEMU did not start');
      Atomics.wait(pause, 0, 0, 2);
    }
    this.#child.kill('SIGKILL');
    throw this.#failure('QEMU did not open its FIFO');
  }

  /** Asks the system, because no event arrives while this thread waits. */
  #hasExited(): boolean {
    try {
      return / Z /.test(readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8'));
    } catch {
      return true;
    }
  }

  /** The next line that is an answer; lines about interrupts come in between. */
  #readAnswer(): string {
    for (;;) {
      const end = this.#received.indexOf('\n');
      if (end >= 0) {
        const line = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 1);
        if (!line.startsWith('IRQ ')) return line;
        continue;
      }
      const length = readSync(this.#fromQemu, this.#chunk);
      if (length === 0) throw this.#failure('QEMU ended');
      this.#received += this.#chunk.toString('latin1', 0, length);
    }
  }

  #failure(what: string): Error {
    const length = readSync(this.#complaints, this.#chunk, 0, this.#chunk.length, 0);
    const said = this.#chunk.toString('utf8', 0, length).trim();
    return new Error(said === '' ? what : `${what}: ${said}`);
  }
}

function baseArguments(bios: string, ram: string, line: string): string[] {
  const memory = `memory-backend-file,id=ram0,size=${MEMORY_BYTES},mem-path=${ram},share=on`;
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-bios', bios],
    ...['-machine', 'q35,accel=tcg,memory-backend=ram0', '-m', `${MEMORY_BYTES}B`],
    ...['-object', memory, '-qtest', `pipe:${line}`, '-qtest-log', 'none'],
  ];
}

/** 64 KiB of zeros but for `cli; hlt; jmp` where the processor starts. */
function haltingBios(): Uint8Array {
  const image = new Uint8Array(65_536);
  image.set([0xfa, 0xf4, 0xeb, 0xfd], 0xfff0);
  return image;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
