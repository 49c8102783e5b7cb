/** Configuration files on disk: read, and saved so that a crash leaves the old file or the new one whole. */
import { readFileSync } from 'node:fs';
import {
  configText,
  type LioTarget,
  type LoadedConfig,
  type LoadOptions,
  loadSaveconfig,
  saveSaveconfig,
} from '../target/index.ts';
import { replaceFile } from './atomic-file.ts';

/** Loads a `saveconfig.json`. @throws ConfigError when it is none, or the error of the system when it cannot be read */
export function readSaveconfig(path: string, options: LoadOptions = {}): LoadedConfig {
  return loadSaveconfig(readFileSync(path, 'utf8'), options);
}

/** Saves a `saveconfig.json` in the place of the one that is there. @throws the error of the system; the old file is then as it was */
export function writeSaveconfig(path: string, target: LioTarget): void {
  replaceFile(path, configText(saveSaveconfig(target)));
}
