/** A SCSI disk, and tasks of which the test says the CDB. */
import { SgList } from '../../src/base/sg-list.ts';
import { ScsiDisk, type ScsiDiskOptions } from '../../src/devices/scsi-disk.ts';
import { SparseMedium } from '../../src/devices/sparse-medium.ts';
import type { ScsiTask } from '../../src/interfaces/scsi-task.ts';
import { RegionMemory } from '../../src/memory/region-memory.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { ascOf, ScsiStatus, senseKeyOf } from '../../src/wire/scsi.ts';

export const SCSI_MEMORY_BYTES = 1 << 20;

export interface RigTask extends ScsiTask {
  ends: number;
}

export class ScsiRig {
  readonly executor = new SimExecutor();
  readonly memory = new RegionMemory([{ base: 0, size: SCSI_MEMORY_BYTES }]);
  readonly medium: SparseMedium;
  readonly disk: ScsiDisk;

  constructor(options: Partial<ScsiDiskOptions> & { sectorBytes?: number } = {}) {
    const { sectorBytes = 512, ...rest } = options;
    this.medium = new SparseMedium({ sectorCount: 2048, sectorBytes });
    this.disk = new ScsiDisk(this.executor, { medium: this.medium, ...rest });
  }

  /** Clears the unit attention of power on. */
  ready(): this {
    this.run([0, 0, 0, 0, 0, 0]);
    return this;
  }

  task(cdb: readonly number[], dataBytes = 0, lun = 0): RigTask {
    const data = new SgList();
    if (dataBytes > 0) data.pushAddress(0, dataBytes);
    const bytes = new Uint8Array(32);
    bytes.set(cdb);
    const task: RigTask = {
      ioId: 1,
      lun,
      cdb: bytes,
      memory: this.memory,
      data,
      status: -1,
      residualBytes: -1,
      sense: new Uint8Array(96),
      senseLength: 0,
      ends: 0,
      end: () => {
        task.ends += 1;
      },
    };
    return task;
  }

  submit(cdb: readonly number[], dataBytes = 0, lun = 0): RigTask {
    const task = this.task(cdb, dataBytes, lun);
    this.disk.submit(task);
    return task;
  }

  /** Submits and runs until idle. */
  run(cdb: readonly number[], dataBytes = 0, lun = 0): RigTask {
    const task = this.submit(cdb, dataBytes, lun);
    this.executor.runUntilIdle();
    return task;
  }

  /** The first bytes of the memory, where answers go. */
  bytes(count: number): number[] {
    const bytes = new Uint8Array(count);
    this.memory.load(0, bytes, 0, count);
    return [...bytes];
  }
}

/** `good`, or the sense of a task as `key/asc` in hex. */
export function outcome(task: ScsiTask): string {
  if (task.status === ScsiStatus.good) return 'good';
  if (task.status !== ScsiStatus.checkCondition) return `status ${task.status.toString(16)}`;
  const key = senseKeyOf(task.sense, task.senseLength).toString(16);
  return `${key}/${ascOf(task.sense, task.senseLength).toString(16).padStart(4, '0')}`;
}
