/**
 * The shape of targetcli's `saveconfig.json` as schemas: what a loader takes, and what editors complete. Keys that are not named here are
 * allowed everywhere, and kept.
 */
import * as z from 'zod/mini';

const text = z.string({ error: 'a text' });
const truth = z.boolean({ error: 'true or false' });
const count = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z
    .number({ error })
    .check(z.int({ error }), z.minimum(least, { error }), z.maximum(most, { error }));
};
const bytes = count(1, Number.MAX_SAFE_INTEGER);

/** What stands for an attribute: it is written as its text. */
const values = z.record(z.string(), z.unknown(), { error: 'an object of attributes' });
const list = z.array(z.unknown(), { error: 'a list' });

/** A name in configfs: no slash, no white space. */
const name = z
  .string({ error: 'a name' })
  .check(z.regex(/^[^/\s]{1,255}$/, { error: 'a name without slash, space, tab and newline' }));

const common = {
  name,
  /** The unit serial number; one is made where it is missing. */
  wwn: z.optional(text),
  attributes: z.optional(values),
  alua_tpgs: z.optional(list),
};

/** A storage object of each plugin, by the name of the plugin. */
export const storageObjectSchemas = {
  fileio: z.looseObject({
    plugin: z.literal('fileio'),
    ...common,
    /** Path of the file. */
    dev: text,
    /** Bytes; of an existing file its own size by default. */
    size: z.optional(bytes),
    /** Buffered, with a write cache. */
    write_back: z._default(truth, true),
    aio: z._default(truth, false),
  }),
  block: z.looseObject({
    plugin: z.literal('block'),
    ...common,
    /** Path of the block device. */
    dev: text,
    write_back: z._default(truth, false),
    readonly: z._default(truth, false),
  }),
  ramdisk: z.looseObject({
    plugin: z.literal('ramdisk'),
    ...common,
    size: bytes,
    nullio: z.optional(truth),
  }),
  pscsi: z.looseObject({ plugin: z.literal('pscsi'), ...common, dev: text }),
  user: z.looseObject({
    plugin: z.literal('user'),
    ...common,
    size: bytes,
    /** `SUBTYPE/ARGUMENTS` for the daemon. */
    config: text,
  }),
} as const;

/** An ALUA target port group of a storage object. */
export const aluaGroupSchema = z.looseObject({ name, tg_pt_gp_id: z.optional(count(0, 65_535)) });

/** An index of a LUN; a text of digits is taken too. */
const index = (most: number) =>
  z.pipe(
    z.union([z.number(), z.string()], { error: `a whole number from 0 to ${most}` }),
    z.transform((value, context) => {
      const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
      if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= most) {
        return number;
      }
      const message = `a whole number from 0 to ${most}`;
      context.issues.push({ code: 'custom', input: value, message });
      return z.NEVER;
    }),
  );

/** A LUN of a target port group. */
export const lunSchema = z.looseObject({
  index: index(65_535),
  alias: z.optional(text),
  storage_object: z
    .string({ error: 'a path such as /backstores/fileio/NAME' })
    .check(
      z.regex(/^\/backstores\/[^/]+\/[^/]+$/, { error: 'a path such as /backstores/fileio/NAME' }),
    ),
  alua_tg_pt_gp_name: z.optional(z.nullable(text)),
});

/** A LUN as one initiator sees it. */
export const mappedLunSchema = z.looseObject({
  index: index(65_535),
  tpg_lun: index(65_535),
  alias: z.optional(text),
  write_protect: z._default(truth, false),
});

/** What one initiator may see. */
export const nodeAclSchema = z.looseObject({
  node_wwn: text,
  attributes: z.optional(values),
  mapped_luns: z.optional(list),
});

/** An address of an iSCSI target port group. */
export const portalSchema = z.looseObject({
  ip_address: text,
  port: z._default(count(1, 65_535), 3260),
  iser: z._default(truth, false),
  offload: z._default(truth, false),
});

/** A target port group. */
export const tpgSchema = z.looseObject({
  /** The lowest that is free where it is missing. */
  tag: z.optional(index(65_535)),
  enable: z._default(truth, true),
  attributes: z.optional(values),
  parameters: z.optional(values),
  luns: z.optional(list),
  portals: z.optional(list),
  node_acls: z.optional(list),
});

/** A target of a fabric. */
export const targetSchema = z.looseObject({
  fabric: text,
  wwn: text,
  parameters: z.optional(values),
  tpgs: z.optional(list),
});

/** The whole file, as far as it must be right for anything of it to be used. */
export const saveconfigSchema = z.looseObject(
  {
    storage_objects: z.optional(list),
    targets: z.optional(list),
    fabric_modules: z.optional(list),
  },
  { error: 'an object' },
);

/** The whole file down to its leaves, for editors. */
const saveconfigDocument = z.looseObject({
  storage_objects: z.array(z.union(Object.values(storageObjectSchemas))),
  targets: z.array(
    z.extend(targetSchema, {
      tpgs: z.array(
        z.extend(tpgSchema, {
          luns: z.array(lunSchema),
          portals: z.array(portalSchema),
          node_acls: z.array(z.extend(nodeAclSchema, { mapped_luns: z.array(mappedLunSchema) })),
        }),
      ),
    }),
  ),
  fabric_modules: z.array(z.looseObject({ name: text })),
});

/** The JSON Schema of `saveconfig.json`, for editors: what a complete file looks like. */
export function saveconfigJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(saveconfigDocument, { io: 'input' }), title: 'saveconfig.json' };
}
