import { describe, expect, it } from 'vitest';
import {
  ATTRIBUTE_RULES,
  BACKSTORES,
  ENABLED_ATTRIBUTES,
  INITIAL_ATTRIBUTES,
  READ_ONLY_ATTRIBUTES,
} from '../../../src/target/config/attribute-rules.ts';

describe('the tables of attributes', () => {
  it.each(BACKSTORES)(
    'have a rule for each attribute of %s, in alphabetical order',
    (backstore) => {
      const names = Object.keys(INITIAL_ATTRIBUTES[backstore]);
      expect(names.filter((name) => !(name in ATTRIBUTE_RULES))).toEqual([]);
      expect(names).toEqual([...names].sort());
      const found = Object.keys(ENABLED_ATTRIBUTES[backstore]);
      expect(found.filter((name) => !names.includes(name))).toEqual([]);
    },
  );

  it('have 34 attributes of the core, and no rule that no device has', () => {
    expect(Object.keys(INITIAL_ATTRIBUTES.block)).toHaveLength(34);
    const used = new Set(BACKSTORES.flatMap((each) => Object.keys(INITIAL_ATTRIBUTES[each])));
    expect([...used].sort()).toEqual(Object.keys(ATTRIBUTE_RULES).sort());
  });

  it('say which cannot be written', () => {
    expect([...READ_ONLY_ATTRIBUTES].sort()).toEqual([
      'cmd_ring_size_mb',
      'data_pages_per_blk',
      'hw_block_size',
      'hw_max_sectors',
      'hw_pi_prot_type',
      'hw_queue_depth',
      'max_data_area_mb',
    ]);
  });
});
