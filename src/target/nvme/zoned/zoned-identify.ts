/** Identify data of the Zoned Namespace command set. Zoned Namespaces 1.1, 4.1.5. */
import { IDENTIFY_BYTES } from '../../../wire/nvme-identify.ts';
import {
  identifyZonedController,
  identifyZonedNamespace,
  ZONE_EXTENSION_UNIT,
  ZoneOption,
  ZRWACAP_EXPLICIT,
} from '../../../wire/nvme-zoned.ts';
import type { ZoneShape } from './zone-shape.ts';

const NO_LIMIT = 0xffff_ffff;

/** Identify Namespace (CNS 05h, CSI 02h) to the first 4096 bytes of `into`. */
export function writeZonedNamespace(into: Uint8Array, shape: ZoneShape): void {
  const view = cleared(into);
  const { zrwa } = shape;
  const id = identifyZonedNamespace;
  const hasZrwa = zrwa.count > 0;
  id.ozcs.set(
    view,
    0,
    (shape.readAcross ? ZoneOption.readAcross : 0) | (hasZrwa ? ZoneOption.zrwa : 0),
  );
  id.mar0.set(view, 0, shape.maxActive === 0 ? NO_LIMIT : shape.maxActive - 1);
  id.mor0.set(view, 0, shape.maxOpen === 0 ? NO_LIMIT : shape.maxOpen - 1);
  id.lbafe0Zsze.set(view, 0, shape.zoneBlocks);
  id.lbafe0Zdes.set(view, 0, shape.extensionBytes / ZONE_EXTENSION_UNIT);
  if (!hasZrwa) return;
  id.numzrwa.set(view, 0, zrwa.count);
  id.zrwafg.set(view, 0, zrwa.granularity);
  id.zrwas.set(view, 0, zrwa.blocks);
  id.zrwacap.set(view, 0, ZRWACAP_EXPLICIT);
}

/** What decides the largest append. */
export interface AppendLimit {
  readonly maxTransferBytes: number;
  readonly maxAppendBytes: number;
}

/** Identify Controller (CNS 06h, CSI 02h) to the first 4096 bytes of `into`. */
export function writeZonedController(into: Uint8Array, limit: AppendLimit): void {
  const view = cleared(into);
  const isOwn = limit.maxAppendBytes < limit.maxTransferBytes;
  const shift = 31 - Math.clz32(limit.maxAppendBytes / 4096);
  identifyZonedController.zasl.set(view, 0, isOwn ? shift : 0);
}

function cleared(into: Uint8Array): DataView {
  into.fill(0, 0, IDENTIFY_BYTES);
  return new DataView(into.buffer, into.byteOffset, IDENTIFY_BYTES);
}
