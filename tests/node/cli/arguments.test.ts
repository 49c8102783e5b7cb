import { describe, expect, it } from 'vitest';
import { HELP, parseCommand } from '../../../src/node/cli/arguments.ts';
import { UsageError } from '../../../src/node/cli/usage-error.ts';

describe('parseCommand', () => {
  it('runs the demonstration without arguments', () => {
    expect(parseCommand([])).toEqual({ kind: 'demo', seed: 1 });
    expect(parseCommand(['--seed', '7'])).toEqual({ kind: 'demo', seed: 7 });
  });

  it('runs a file with defaults, and with every option', () => {
    expect(parseCommand(['run', 'a.fio'])).toMatchObject({
      kind: 'run',
      file: 'a.fio',
      stack: {
        road: 'vhost-nvme',
        backend: { text: 'rd_mcp:64MiB', size: 67108864 },
        seed: 1,
        costs: 'server',
      },
      trace: undefined,
      blktrace: undefined,
      json: false,
    });
    const args =
      'run --road direct a.fio --backend iblock:nvme:8MiB --seed=9 --costs none --trace t --blktrace b --json';
    expect(parseCommand(args.split(' '))).toMatchObject({
      kind: 'run',
      stack: { road: 'direct', backend: { size: 8 << 20 }, seed: 9, costs: 'none' },
      trace: 't',
      blktrace: 'b',
      json: true,
    });
  });

  it('knows help, version and keys', () => {
    const kinds = [['--help'], ['-h'], ['run', '--help'], ['--version'], ['keys']].map(
      (args) => parseCommand(args).kind,
    );
    expect(kinds).toEqual(['help', 'help', 'help', 'version', 'keys']);
  });

  it.each([
    ['run', 'run needs the name of a job file'],
    ['run a b', "'b' is one too many"],
    ['walk a.fio', "'walk' is no command; expected run FILE.fio or keys"],
    ['keys a', "'keys' is no command"],
    ['run a.fio --fast', "Unknown option '--fast'"],
    ['run a.fio --road', "'--road <value>' argument missing"],
    [
      'run a.fio --road mountain',
      "--road 'mountain' is not accepted; expected one of direct, vhost-nvme",
    ],
    ['run a.fio --costs gold', "--costs 'gold' is not accepted; expected one of none, server"],
    ['run a.fio --seed -1', 'seed'],
    ['run a.fio --seed=-1', "--seed '-1' is not accepted"],
    ['run a.fio --seed=1e3', "--seed '1e3' is not accepted"],
    ['run a.fio --seed=9007199254740992', 'is not accepted'],
    ['run a.fio --backend tape', "--backend 'tape' is not accepted"],
    [
      'run a.fio --blktrace b',
      '--blktrace b: there is no block layer under --backend rd_mcp:64MiB; expected iblock:DISK:SIZE',
    ],
    ['--json', '--json needs a job file'],
    ['--backend rd_mcp:1MiB', '--backend needs a job file'],
  ])('refuses %j', (line, message) => {
    const parse = (): unknown => parseCommand(line.split(' '));
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
  });
});

describe('HELP', () => {
  it('names every option, road, backend and preset', () => {
    for (const word of '--road --backend --seed --costs --trace --blktrace --json --help --version direct vhost-nvme rd_mcp fileio iblock none server'.split(
      ' ',
    )) {
      expect(HELP).toContain(word);
    }
  });
});
