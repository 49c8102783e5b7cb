/** The configuration of a LIO target: attributes, saveconfig.json, nvmetcli's JSON and the configfs tree. */
export { BACKSTORES, type Backstore } from './attribute-rules.ts';
export { type AttributeFacts, DeviceAttributes } from './device-attributes.ts';
export type { ErrnoName } from './kernel-text.ts';
export { unitAttributesOf } from './unit-attributes-of.ts';
