/** The configuration of a LIO target: attributes, saveconfig.json, nvmetcli's JSON and the configfs tree. */
export type { AluaGroup } from './alua-group.ts';
export { type AttributeHost, BACKSTORES, type Backstore } from './attribute-rules.ts';
export { type AttributeFacts, DeviceAttributes } from './device-attributes.ts';
export type { FabricTarget, Lun, MappedLun, NodeAcl, Tpg } from './fabric-target.ts';
export type { ErrnoName } from './kernel-text.ts';
export { LioTarget } from './lio-target.ts';
export {
  type LoadedNvmetConfig,
  loadNvmetConfig,
  type NvmetConfig,
  type NvmetHost,
  type NvmetNamespace,
  type NvmetPort,
  type NvmetSubsystem,
  saveNvmetConfig,
} from './nvmet.ts';
export {
  ANA_STATES,
  nvmetConfigSchema,
  nvmetHostSchema,
  nvmetJsonSchema,
  nvmetNamespaceSchema,
  nvmetPortSchema,
  nvmetSubsystemSchema,
} from './nvmet-schema.ts';
export type { ConfigProblem, JsonObject } from './problems.ts';
export {
  configText,
  type LoadedConfig,
  type LoadOptions,
  loadSaveconfig,
  saveSaveconfig,
} from './saveconfig.ts';
export {
  aluaGroupSchema,
  lunSchema,
  mappedLunSchema,
  nodeAclSchema,
  portalSchema,
  saveconfigJsonSchema,
  saveconfigSchema,
  storageObjectSchemas,
  targetSchema,
  tpgSchema,
} from './saveconfig-schema.ts';
export { type DeviceProbe, StorageObject } from './storage-object.ts';
export {
  type TranslatedToLio,
  type TranslatedToNvmet,
  toNvmet,
  toSaveconfig,
} from './translate.ts';
export { unitAttributesOf } from './unit-attributes-of.ts';
