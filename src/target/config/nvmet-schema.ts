/**
 * The shape of nvmetcli's JSON as schemas. Attributes are texts there, numbers included; numbers are taken too. Keys that are not named are
 * allowed everywhere, and kept.
 */
import * as z from 'zod/mini';

const text = z.string({ error: 'a text' });
const list = z.array(z.unknown(), { error: 'a list' });

/** A whole number as nvmetcli writes it: its digits. */
const digits = (least: number, most: number) => {
  const message = `a whole number from ${least} to ${most}, as a text`;
  return z.pipe(
    z.union([z.string(), z.number()], { error: message }),
    z.transform((value, context) => {
      const number = /^\d+$/.test(String(value)) ? Number(value) : NaN;
      if (number >= least && number <= most) return String(number);
      context.issues.push({ code: 'custom', input: value, message });
      return z.NEVER;
    }),
  );
};

const whole = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z
    .number({ error })
    .check(z.int({ error }), z.minimum(least, { error }), z.maximum(most, { error }));
};

const nqn = z
  .string({ error: 'an NVMe Qualified Name' })
  .check(z.regex(/^[^/\s]{1,223}$/, { error: 'an NVMe Qualified Name of up to 223 characters' }));

const flag = digits(0, 1);

/** A host that may be let in. */
export const nvmetHostSchema = z.looseObject({ nqn });

/** A namespace of a subsystem. */
export const nvmetNamespaceSchema = z.looseObject({
  nsid: whole(1, 0xffff_fffe),
  enable: z._default(z.union([whole(0, 1), flag], { error: '0 or 1' }), 0),
  device: z.looseObject({
    /** A block device or a file. */
    path: text,
    uuid: z.optional(text),
    nguid: z.optional(text),
  }),
});

/** A subsystem. */
export const nvmetSubsystemSchema = z.looseObject({
  nqn,
  allowed_hosts: z._default(z.array(text, { error: 'a list of names' }), []),
  attr: z.prefault(
    z.looseObject({
      allow_any_host: z._default(flag, '0'),
      cntlid_min: z._default(digits(1, 65_519), '1'),
      cntlid_max: z._default(digits(1, 65_519), '65519'),
      model: z._default(text, 'Linux'),
      pi_enable: z._default(flag, '0'),
      qid_max: z._default(digits(1, 128), '128'),
      serial: z.optional(text),
      version: z._default(text, '1.3'),
    }),
    {},
  ),
  namespaces: z._default(list, []),
});

/** States of ANA groups, in the kernel's words. */
export const ANA_STATES = [
  'optimized',
  'non-optimized',
  'inaccessible',
  'persistent-loss',
  'change',
] as const;

/** A port: an address, what is reached there, and the state of each ANA group on it. */
export const nvmetPortSchema = z.looseObject({
  portid: whole(0, 65_535),
  addr: z.looseObject({
    adrfam: z._default(text, ''),
    traddr: z._default(text, ''),
    treq: z._default(text, 'not specified'),
    trsvcid: z._default(text, ''),
    trtype: text,
  }),
  ana_groups: z._default(
    z.array(
      z.looseObject({
        grpid: whole(1, 128),
        ana: z.looseObject({
          state: z.enum(ANA_STATES, { error: `one of ${ANA_STATES.join(', ')}` }),
        }),
      }),
      { error: 'a list of ANA groups' },
    ),
    [{ grpid: 1, ana: { state: 'optimized' } }],
  ),
  param: z.prefault(
    z.looseObject({
      inline_data_size: z._default(digits(0, 0x7fff_ffff), '16384'),
      pi_enable: z._default(flag, '0'),
    }),
    {},
  ),
  referrals: z._default(list, []),
  subsystems: z._default(z.array(text, { error: 'a list of names' }), []),
});

/** The whole file, as far as it must be right for anything of it to be used. */
export const nvmetConfigSchema = z.looseObject(
  { hosts: z.optional(list), ports: z.optional(list), subsystems: z.optional(list) },
  { error: 'an object' },
);

const nvmetDocument = z.looseObject({
  hosts: z.array(nvmetHostSchema),
  ports: z.array(nvmetPortSchema),
  subsystems: z.array(
    z.extend(nvmetSubsystemSchema, { namespaces: z.array(nvmetNamespaceSchema) }),
  ),
});

/** The JSON Schema of nvmetcli's file, for editors. */
export function nvmetJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(nvmetDocument, { io: 'input' }), title: 'nvmetcli configuration' };
}
