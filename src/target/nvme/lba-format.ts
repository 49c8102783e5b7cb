/** The formats that a namespace can have: block size, metadata, protection. NVM Command Set 1.0, 4.1.5.1, 5.2 and 5.8. */
import { ConfigError } from '../../base/assert.ts';
import type { NamespaceFormat } from '../../interfaces/nvme-command-port.ts';

/** Most formats of a namespace that a host can name without extended formats. */
export const MAX_LBA_FORMATS = 16;

/** Guards of protection information: the 16-bit one in tuples of 8 bytes, the 64-bit one in tuples of 16. NVM Command Set 1.0, 5.2.1. */
export const GuardType = { crc16: 0, crc64: 2 } as const;
/** One of {@link GuardType}. */
export type GuardType = (typeof GuardType)[keyof typeof GuardType];

/** One format that a namespace offers. */
export interface LbaFormat {
  /** Data bytes of a block: a power of two from 512 to 65536. */
  readonly blockBytes: number;
  /** Metadata bytes of a block; 0 by default. */
  readonly metadataBytes?: number;
  /** Guard of its protection information; the 16-bit one by default. */
  readonly guard?: GuardType;
}

/** How a namespace is formatted: what Format NVM chooses. */
export interface FormatChoice {
  /** Which of the formats. */
  readonly index: number;
  /** Metadata is interleaved with the data. */
  readonly extended?: boolean;
  /** Protection type 1 to 3, or 0 for none. */
  readonly protection?: number;
  /** Protection information lies in the first bytes of the metadata, and not in the last. */
  readonly protectionFirst?: boolean;
}

/** A format in use, with everything that follows from it. */
export interface FormatInUse extends NamespaceFormat {
  readonly index: number;
  /** Protection type 1 to 3, or 0 for none. */
  readonly protection: number;
  readonly protectionFirst: boolean;
  readonly guard: GuardType;
  /** Bytes of protection information, 0 without protection. */
  readonly protectionBytes: number;
}

/** Bytes of a tuple of protection information. */
export function tupleBytes(guard: GuardType): number {
  return guard === GuardType.crc16 ? 8 : 16;
}

/** A choice among `formats`, or `undefined` where there is no such format or it has no room for the protection. */
export function formatOf(
  formats: readonly LbaFormat[],
  choice: FormatChoice,
): FormatInUse | undefined {
  const format = formats[choice.index];
  if (format === undefined) return undefined;
  const { blockBytes, metadataBytes = 0, guard = GuardType.crc16 } = format;
  const protection = choice.protection ?? 0;
  const tuple = protection === 0 ? 0 : tupleBytes(guard);
  if (protection > 3 || tuple > metadataBytes) return undefined;
  return {
    blockBytes,
    metadataBytes,
    extended: choice.extended ?? false,
    index: choice.index,
    protection,
    protectionFirst: (choice.protectionFirst ?? false) && protection > 0,
    guard,
    protectionBytes: tuple,
  };
}

/** @throws ConfigError for formats that a unit of blocks of `unitBytes` cannot have */
export function checkFormats(formats: readonly LbaFormat[], unitBytes: number): void {
  if (formats.length < 1 || formats.length > MAX_LBA_FORMATS) {
    throw new ConfigError('namespace.formats', formats.length, `1 to ${MAX_LBA_FORMATS} formats`);
  }
  for (const { blockBytes, metadataBytes = 0 } of formats) {
    const isPower = (blockBytes & (blockBytes - 1)) === 0;
    if (!isPower || blockBytes < 512 || blockBytes > 65_536 || blockBytes % unitBytes !== 0) {
      const expected = `a power of two up to 65536 that is a multiple of ${unitBytes}`;
      throw new ConfigError('namespace.formats.blockBytes', blockBytes, expected);
    }
    if (!Number.isInteger(metadataBytes) || metadataBytes < 0 || metadataBytes > 256) {
      throw new ConfigError('namespace.formats.metadataBytes', metadataBytes, 'an integer 0..256');
    }
  }
}
