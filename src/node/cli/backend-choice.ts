/** The `--backend` option: which backend, how large, and on which file. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StackOptions } from '../../stack/config.ts';
import { parseSize } from '../../stack/size.ts';
import type { UnitAttributes } from '../../target/unit-attributes.ts';
import { UsageError } from './usage-error.ts';

/** Forms of the option, for help and messages. */
export const BACKEND_FORMS =
  'rd_mcp:SIZE, nullio:SIZE, fileio:PATH[:SIZE] or iblock:{sata,scsi,nvme,null_blk}:SIZE';

/** A backend that was chosen. */
export interface BackendChoice {
  /** The text that chose it. */
  readonly text: string;
  /** Size of the disk in bytes. */
  readonly size: number;
  readonly options: NonNullable<StackOptions['backend']>;
  /** Path of the file, for fileio. */
  readonly path: string | undefined;
  /** What a configuration file says beside. */
  readonly configured?: ConfiguredUnit;
}

/** A unit of a configuration file. */
interface ConfiguredUnit {
  readonly blockBytes: 512 | 4096;
  readonly attributes: UnitAttributes;
}

const DISKS = ['sata', 'scsi', 'nvme', 'null_blk'] as const;

/**
 * Parses the option.
 *
 * @throws UsageError when it has none of the forms, or names no size and no file that has one
 */
export function parseBackend(text: string): BackendChoice {
  const colon = text.indexOf(':');
  const type = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? '' : text.slice(colon + 1);
  if (type === 'rd_mcp' || type === 'nullio') {
    const size = sizeOf(text, rest);
    return { text, size, options: { type, size }, path: undefined };
  }
  if (type === 'fileio') return parseFile(text, rest);
  const disk = DISKS.find((each) => rest.startsWith(`${each}:`));
  if (type !== 'iblock' || disk === undefined) throw refusal(text);
  const size = sizeOf(text, rest.slice(disk.length + 1));
  return { text, size, options: { type, disk, size }, path: undefined };
}

function parseFile(text: string, rest: string): BackendChoice {
  const colon = rest.lastIndexOf(':');
  const given = colon < 0 ? undefined : parseSize(rest.slice(colon + 1));
  const path = given === undefined ? rest : rest.slice(0, colon);
  if (path === '') throw refusal(text);
  return { text, ...checkFile(text, path, given), path };
}

/**
 * The size and options of FILEIO on a file that is there, or that is to be made when a size is given. Opens nothing.
 *
 * @throws UsageError when it cannot be used
 */
export function checkFile(
  text: string,
  path: string,
  given: number | undefined,
): Pick<BackendChoice, 'size' | 'options'> {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there === undefined && given === undefined) {
    throw new UsageError(
      `--backend ${text}: there is no file ${path}; fileio:${path}:SIZE makes one`,
    );
  }
  if (there !== undefined && !there.isFile()) {
    throw new UsageError(`--backend ${text}: ${path} is no regular file`);
  }
  const size = checked(text, given ?? there!.size);
  if (there !== undefined && there.size !== size) {
    throw new UsageError(
      `--backend ${text}: ${path} has ${there.size} bytes, and is left as it is`,
    );
  }
  checkAccess(text, there === undefined ? dirname(path) : path);
  return { size, options: { type: 'fileio', size } };
}

/** So that nothing is opened before everything is known to be right. */
function checkAccess(text: string, path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new UsageError(`--backend ${text}: ${(error as Error).message}`);
  }
}

function sizeOf(text: string, size: string): number {
  const bytes = parseSize(size);
  if (bytes === undefined) throw refusal(text);
  return checked(text, bytes);
}

function checked(text: string, bytes: number): number {
  if (bytes >= 4096 && bytes % 4096 === 0) return bytes;
  throw new UsageError(
    `--backend ${text}: ${bytes} bytes are not accepted; expected a multiple of 4096, 4096 or more`,
  );
}

function refusal(text: string): UsageError {
  return new UsageError(
    `--backend '${text}' is not accepted; expected ${BACKEND_FORMS}, with a size such as 64MiB`,
  );
}
