/** A LIO target as its configuration describes it: storage objects, and the targets of the fabrics that export them. */
import type { FabricTarget } from './fabric-target.ts';
import type { JsonObject } from './problems.ts';
import type { StorageObject } from './storage-object.ts';

/** Everything that a configuration file holds. */
export class LioTarget {
  /** By `PLUGIN/NAME`. */
  readonly storageObjects = new Map<string, StorageObject>();
  /** By `FABRIC/WWN`. */
  readonly targets = new Map<string, FabricTarget>();
  /** Fabric modules with their discovery settings: carried. */
  readonly fabricModules: JsonObject[] = [];
  /** Keys of the file that are not known. */
  readonly extra: JsonObject = {};

  /** The storage object of this name; the plugin may be left out where only one has the name. */
  storageObject(name: string): StorageObject | undefined {
    const found = this.storageObjects.get(name);
    if (found !== undefined) return found;
    const all = [...this.storageObjects.values()].filter((each) => each.name === name);
    return all.length === 1 ? all[0] : undefined;
  }
}
