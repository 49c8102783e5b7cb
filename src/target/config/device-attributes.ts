/** The attributes of one LIO device: `attrib/` of its directory, read and written as text. */
import {
  ATTRIBUTE_RULES,
  type AttributeHost,
  type Backstore,
  ENABLED_ATTRIBUTES,
  INITIAL_ATTRIBUTES,
  READ_ONLY_ATTRIBUTES,
} from './attribute-rules.ts';
import type { ErrnoName } from './kernel-text.ts';

/** What the attributes of a device take over from what lies below it. */
export interface AttributeFacts {
  /** FILEIO is buffered, or the block device has a write cache. */
  readonly writeCache?: boolean;
  /** Values that enabling the device gives, where they are not the usual ones. */
  readonly values?: Readonly<Record<string, number>>;
  /** `dev_config` of a user backstore. */
  readonly config?: string;
  /** Size in bytes, which a user backstore shows. */
  readonly size?: number;
}

/** Attributes with their rules. Values are numbers; the kernel's text of each is what {@link DeviceAttributes.read} gives. */
export class DeviceAttributes implements AttributeHost {
  readonly backstore: Backstore;
  /** Set by whoever links LUNs to the device. */
  isExported = false;
  readonly #facts: AttributeFacts;
  readonly #values: Map<string, number>;
  #isEnabled = false;

  /** @param backstore decides which attributes there are */
  constructor(backstore: Backstore, facts: AttributeFacts = {}) {
    this.backstore = backstore;
    this.#facts = facts;
    this.#values = new Map(Object.entries(INITIAL_ATTRIBUTES[backstore]));
    if (backstore === 'user') this.#values.set('dev_size', facts.size ?? 0);
  }

  /** Names in alphabetical order. */
  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** Does the device have this attribute? */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Can the attribute be written at all? */
  isWritable(name: string): boolean {
    return this.has(name) && !READ_ONLY_ATTRIBUTES.has(name);
  }

  /** Takes over what the backend has; what was written before stays where the backend has no word of its own. */
  enable(): void {
    if (this.#isEnabled) return;
    this.#isEnabled = true;
    const found = { ...ENABLED_ATTRIBUTES[this.backstore], ...this.#facts.values };
    for (const [name, value] of Object.entries(found)) {
      if (this.has(name)) this.#values.set(name, value);
    }
    const cached = this.#facts.writeCache === true;
    if (cached && this.backstore !== 'user' && this.has('emulate_write_cache')) {
      this.#values.set('emulate_write_cache', 1);
    }
  }

  number(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  put(name: string, value: number): void {
    this.#values.set(name, value);
  }

  /** The text of an attribute without its newline; `undefined` for one that the device does not have. */
  read(name: string): string | undefined {
    if (name === 'dev_config' && this.has(name)) return this.#facts.config ?? '';
    return this.#values.get(name)?.toString();
  }

  /** Writes text as `echo` would. Gives the kernel's errno, or `undefined` when it was taken. */
  write(name: string, text: string): ErrnoName | undefined {
    if (!this.has(name)) return 'ENOENT';
    const verdict = ATTRIBUTE_RULES[name]!(text, this, this.number(name));
    if (typeof verdict === 'string') return verdict;
    this.#values.set(name, verdict);
    return undefined;
  }

  /** What a saved configuration holds: the writable attributes. */
  saved(): Record<string, number> {
    const all = [...this.#values].filter(([name]) => this.isWritable(name));
    return Object.fromEntries(all);
  }
}
