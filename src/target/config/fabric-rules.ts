/** What a fabric of LIO accepts: names of its targets, and the attributes and parameters of its target port groups (Linux 6.1). */
import { type ErrnoName, type IntegerRange, parseKernelInteger, S32, U32 } from './kernel-text.ts';

/** One attribute of a target port group: what it begins as, and what may be written. */
interface FabricAttribute {
  readonly initial: string;
  readonly range: IntegerRange;
  readonly accepts: (value: number) => boolean;
}

/** What is known of a fabric. */
export interface FabricRules {
  /** Is it a name that a target of this fabric may have? */
  readonly isWwn: (wwn: string) => boolean;
  readonly attributes: Readonly<Record<string, FabricAttribute>>;
  /** Parameters with what they begin as. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Target port groups have addresses, and can be disabled. */
  readonly hasPortals: boolean;
}

const flag = (initial: 0 | 1): FabricAttribute => ({
  initial: String(initial),
  range: U32,
  accepts: (value) => value <= 1,
});

const between = (initial: number, least: number, most: number): FabricAttribute => ({
  initial: String(initial),
  range: U32,
  accepts: (value) => value >= least && value <= most,
});

/** T10 PI of the fabric: none, type 1 or type 3. */
const protection = (range: IntegerRange): FabricAttribute => ({
  initial: '0',
  range,
  accepts: (value) => value === 0 || value === 1 || value === 3,
});

const startsWith =
  (...prefixes: string[]) =>
  (wwn: string): boolean =>
    prefixes.some((prefix) => wwn.startsWith(prefix));

const plain = { parameters: {}, hasPortals: false };
const plainAttributes = { fabric_prot_type: protection(S32) };

/** The fabrics whose rules are known; others are carried. */
export const FABRICS: Readonly<Record<string, FabricRules>> = {
  loopback: { ...plain, isWwn: startsWith('naa.', 'fc.', 'iqn.'), attributes: plainAttributes },
  vhost: { ...plain, isWwn: startsWith('naa.', 'iqn.'), attributes: plainAttributes },
  iscsi: {
    isWwn: () => true,
    hasPortals: true,
    attributes: {
      authentication: flag(1),
      cache_dynamic_acls: flag(0),
      default_cmdsn_depth: between(64, 1, 512),
      default_erl: between(0, 0, 2),
      demo_mode_discovery: flag(1),
      demo_mode_write_protect: flag(1),
      fabric_prot_type: protection(U32),
      generate_node_acls: flag(0),
      login_keys_workaround: flag(1),
      login_timeout: between(15, 5, 30),
      netif_timeout: between(2, 2, 15),
      prod_mode_write_protect: flag(0),
      t10_pi: flag(0),
      tpg_enabled_sendtargets: flag(1),
    },
    parameters: {
      AuthMethod: 'CHAP',
      DataDigest: 'CRC32C,None',
      DataPDUInOrder: 'Yes',
      DataSequenceInOrder: 'Yes',
      DefaultTime2Retain: '20',
      DefaultTime2Wait: '2',
      ErrorRecoveryLevel: '0',
      FirstBurstLength: '65536',
      HeaderDigest: 'CRC32C,None',
      IFMarkInt: 'Reject',
      IFMarker: 'No',
      ImmediateData: 'Yes',
      InitialR2T: 'Yes',
      MaxBurstLength: '262144',
      MaxConnections: '1',
      MaxOutstandingR2T: '1',
      MaxRecvDataSegmentLength: '8192',
      MaxXmitDataSegmentLength: '262144',
      OFMarkInt: 'Reject',
      OFMarker: 'No',
      TargetAlias: 'LIO Target',
    },
  },
};

/** The rules of a fabric; any name may be asked. */
export function fabricRules(fabric: string): FabricRules | undefined {
  return Object.hasOwn(FABRICS, fabric) ? FABRICS[fabric] : undefined;
}

/** Fabrics of LIO that are carried without rules of their own. */
export const CARRIED_FABRICS: ReadonlySet<string> = new Set([
  'ib_srpt',
  'ibmvscsis',
  'qla2xxx',
  'sbp',
  'srpt',
  'tcm_fc',
  'usb_gadget',
  'xen-pvscsi',
  'xen_pvscsi',
]);

/** The attributes that a target port group of this fabric begins with. */
export function initialFabricAttributes(fabric: string): Record<string, number> {
  const all = Object.entries(fabricRules(fabric)?.attributes ?? {});
  return Object.fromEntries(all.map(([name, { initial }]) => [name, Number(initial)]));
}

/** Why a text cannot be written into an attribute of a target port group, or the number that it leaves. */
export function checkFabricAttribute(
  fabric: string,
  name: string,
  text: string,
): number | ErrnoName {
  const attributes = fabricRules(fabric)?.attributes ?? {};
  const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  if (attribute === undefined) return 'ENOENT';
  const value = parseKernelInteger(text, attribute.range);
  if (typeof value === 'string') {
    // What is too large for a signed one is refused as a bad value.
    return attribute.range === S32 ? 'EINVAL' : value;
  }
  return attribute.accepts(value) ? value : 'EINVAL';
}
