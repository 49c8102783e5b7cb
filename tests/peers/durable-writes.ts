/** Writes, FUA writes, a flush and a punch through FILEIO on a real file, as the mode that it is told. */
import { FileioBackend } from '../../src/backends/fileio.ts';
import { TargetFlag, TargetOp } from '../../src/interfaces/target.ts';
import { NodeFileHandle } from '../../src/node/node-file.ts';
import { SimExecutor } from '../../src/sim/sim-executor.ts';
import { UnitProbe } from '../../src/testing/target/unit-probe.ts';

const [path, mode] = process.argv.slice(2);
const executor = new SimExecutor();
const buffered = mode === 'buffered';
const file = new NodeFileHandle(executor, path!, { buffered });
const probe = new UnitProbe(executor, new FileioBackend(executor, file, { bufferedIo: buffered }));
const { write, flush, unmap } = TargetOp;
for (let lba = 0; lba < 8; lba++) probe.do({ op: write, lba, blockCount: 1 });
for (let lba = 0; lba < 4; lba++) {
  probe.do({ op: write, lba, blockCount: 1, flags: TargetFlag.fua });
}
probe.do({ op: flush });
probe.do({ op: unmap, lba: 64, blockCount: 64 });
process.stdout.write(file.punches);
