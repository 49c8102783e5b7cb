/** Replays recorded attribute tables of real LIO devices on ours. */
import type { Backstore } from '../../target/config/attribute-rules.ts';
import { DeviceAttributes } from '../../target/config/device-attributes.ts';

/** One attribute as it was recorded: a default, a mode and what became of each write. */
export interface RecordedAttribute {
  readonly default: string;
  readonly mode: string;
  /** By the text that was written: an errno (`open:` in front when the file could not be opened), or what it read as afterwards. */
  readonly writes: Readonly<Record<string, string | { readonly after: string }>>;
  readonly writable?: boolean;
  readonly final?: string;
}

/** The parts of a recorded `attributes.json` that are replayed. */
export interface RecordedAttributes {
  /** What was written, in this order: an object does not keep the order of texts that look like integers. */
  readonly values: readonly string[];
  /** By kind of device. */
  readonly backstores: Readonly<
    Record<
      string,
      {
        readonly beforeEnable: Readonly<Record<string, string>>;
        readonly attrib: Readonly<Record<string, RecordedAttribute>>;
      }
    >
  >;
  /** The same with a LUN linked: by attribute and text, `ok` or an errno. */
  readonly exported: Readonly<
    Record<string, Readonly<Record<string, string | Readonly<Record<string, string>>>>>
  >;
}

const KINDS: Readonly<Record<string, { backstore: Backstore; writeCache?: boolean }>> = {
  fileio: { backstore: 'fileio' },
  fileio_wb: { backstore: 'fileio', writeCache: true },
  iblock: { backstore: 'block' },
  rd_mcp: { backstore: 'ramdisk' },
  pscsi: { backstore: 'pscsi' },
  user: { backstore: 'user' },
};

/** Gives every difference, one line each; none means that our devices answer as those that were recorded. */
export function replayAttributes(recorded: RecordedAttributes): string[] {
  const differences: string[] = [];
  const expect = (what: string, actual: unknown, expected: unknown): void => {
    if (actual !== expected) differences.push(`${what}: ${actual} instead of ${expected}`);
  };
  for (const [kind, { beforeEnable, attrib }] of Object.entries(recorded.backstores)) {
    const before = device(kind, beforeEnable, false);
    expect(`${kind} names`, before.names.join(), Object.keys(beforeEnable).sort().join());
    for (const [name, text] of Object.entries(beforeEnable)) {
      expect(`${kind} ${name} before enable`, before.read(name), text);
    }
    for (const [name, { default: first, mode, writes }] of Object.entries(attrib)) {
      const unit = device(kind, beforeEnable, true);
      expect(`${kind} ${name}`, unit.read(name), first);
      expect(`${kind} ${name} mode`, unit.isWritable(name) ? '0o644' : '0o444', mode);
      for (const text of recorded.values.filter((each) => each in writes)) {
        expect(`${kind} ${name} = '${text}'`, written(unit, name, text), recordedAs(writes[text]!));
      }
    }
  }
  for (const [kind, attrib] of Object.entries(recorded.exported)) {
    for (const [name, writes] of Object.entries(attrib)) {
      if (typeof writes === 'string') continue;
      const unit = device(kind, recorded.backstores[kind]?.beforeEnable ?? {}, true);
      unit.isExported = true;
      for (const [text, result] of Object.entries(writes)) {
        const actual = unit.write(name, text) ?? 'ok';
        expect(`exported ${kind} ${name} = '${text}'`, actual, result);
      }
    }
  }
  return differences;
}

function device(
  kind: string,
  { dev_config: config, dev_size: size }: Readonly<Record<string, string>>,
  isEnabled: boolean,
): DeviceAttributes {
  const { backstore, writeCache = false } = KINDS[kind]!;
  const facts = { writeCache, ...(config && { config }), ...(size && { size: Number(size) }) };
  const unit = new DeviceAttributes(backstore, facts);
  if (isEnabled) unit.enable();
  return unit;
}

function written(unit: DeviceAttributes, name: string, text: string): string {
  const errno = unit.write(name, text);
  return errno ?? `reads ${unit.read(name)}`;
}

function recordedAs(result: string | { readonly after: string }): string {
  return typeof result === 'string' ? result.replace('open:', '') : `reads ${result.after}`;
}
