/** What a queue refuses before it takes it: bios outside the device, off its blocks, of operations that it does not know. */
import {
  type Bio,
  BioFlag,
  BioOp,
  BlkStatus,
  type QueueLimits,
  SECTOR_BYTES,
} from '../interfaces/bio.ts';

/** `ok` for a bio that can be taken, otherwise the status that it ends with. */
export function judgeBio(limits: QueueLimits, capacitySectors: number, bio: Bio): BlkStatus {
  const { op, sector, sectorCount } = bio;
  if (op === BioOp.driverIn || op === BioOp.driverOut) return BlkStatus.notSupported;
  if (op === BioOp.discard && limits.maxDiscardSectors === 0) return BlkStatus.notSupported;
  if (op === BioOp.writeZeroes && limits.maxWriteZeroesSectors === 0) {
    return BlkStatus.notSupported;
  }
  if (sectorCount === 0) {
    const isFlush = (bio.flags & (BioFlag.preflush | BioFlag.fua)) !== 0;
    const isEmptyFlush = op === BioOp.flush || (op === BioOp.write && isFlush);
    return isEmptyFlush ? BlkStatus.ok : BlkStatus.ioError;
  }
  if (op === BioOp.flush) return BlkStatus.ioError;
  const block = limits.logicalBlockSize / SECTOR_BYTES;
  const isInside = sector >= 0 && sectorCount > 0 && sector + sectorCount <= capacitySectors;
  if (!isInside || sector % block !== 0 || sectorCount % block !== 0) return BlkStatus.ioError;
  const hasData = op === BioOp.read || op === BioOp.write;
  return hasData && bio.data.byteLength !== sectorCount * SECTOR_BYTES
    ? BlkStatus.ioError
    : BlkStatus.ok;
}
