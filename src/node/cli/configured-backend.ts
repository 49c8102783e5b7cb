/** A storage object of a saveconfig.json as the backend of a run. */
import {
  type ConfigProblem,
  loadSaveconfig,
  type StorageObject,
  unitAttributesOf,
} from '../../target/index.ts';
import type { ConfigChoice } from './arguments.ts';
import { type BackendChoice, checkFile } from './backend-choice.ts';
import { UsageError } from './usage-error.ts';

/** What is chosen, and what of it could not be had. */
export interface ConfiguredBackend {
  readonly choice: BackendChoice;
  readonly problems: readonly ConfigProblem[];
}

/**
 * The backend that a configuration file describes. Opens nothing.
 *
 * @throws UsageError when the object is not there or cannot exist here, ConfigError when the text is no configuration
 */
export function configuredBackend(
  { file, storageObject: name }: ConfigChoice,
  text: string,
): ConfiguredBackend {
  const { target, problems } = loadSaveconfig(text, { storageObject: name });
  const object = target.storageObject(name);
  if (object === undefined) {
    const why = problems.map(({ path, message }) => `; ${path}: ${message}`).join('');
    const several = target.storageObjects.size > 1 ? ', or several: say PLUGIN/NAME' : '';
    throw new UsageError(`${file} has no storage object '${name}' to use${several}${why}`);
  }
  const backend = backendOf(object);
  const blockBytes = object.attributes.number('block_size');
  if (blockBytes !== 512 && blockBytes !== 4096) {
    throw new UsageError(`${object.key}: blocks of ${blockBytes} bytes are not modelled`);
  }
  const configured = { blockBytes, attributes: unitAttributesOf(object.attributes) } as const;
  return { choice: { ...backend, configured }, problems };
}

function backendOf(object: StorageObject): BackendChoice {
  const { key, plugin, dev, size } = object;
  switch (plugin) {
    case 'ramdisk':
      return {
        text: key,
        size: wholeBlocks(key, size!),
        options: { type: object.isNullio ? 'nullio' : 'rd_mcp', size: size! },
        path: undefined,
      };
    case 'fileio': {
      const file = checkFile(key, dev!, size);
      const options = { type: 'fileio', size: file.size, bufferedIo: object.isBuffered } as const;
      return { text: key, size: file.size, options, path: dev };
    }
    default:
      throw new UsageError(
        `${key}: a storage object of ${plugin} cannot be opened here; fileio and ramdisk can`,
      );
  }
}

function wholeBlocks(key: string, size: number): number {
  if (size % 4096 === 0) return size;
  throw new UsageError(`${key}: ${size} bytes are no multiple of 4096`);
}
