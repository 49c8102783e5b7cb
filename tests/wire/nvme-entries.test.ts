import { expect, it } from 'vitest';
import { CqeWord, cqe, IoControl, SqeWord, sqe } from '../../src/wire/nvme-entries.ts';

it('reads a submission entry the same by field and by word', () => {
  const words = Int32Array.from({ length: 16 }, (_, i) => 0x1111_1111 * (i + 1));
  const view = new DataView(words.buffer);
  words[SqeWord.cdw0] = 0x02 | (2 << 8) | (1 << 14) | (0xbeef << 16);
  expect(sqe.opc.get(view, 0)).toBe(2);
  expect(sqe.fuse.get(view, 0)).toBe(2);
  expect(sqe.psdt.get(view, 0)).toBe(1);
  expect(sqe.cid.get(view, 0)).toBe(0xbeef);
  expect(sqe.nsid.get(view, 0)).toBe(words[SqeWord.nsid]! >>> 0);
  expect(sqe.mptr.lo.get(view, 0)).toBe(words[SqeWord.mptrLo]! >>> 0);
  expect(sqe.prp1.hi.get(view, 0)).toBe(words[SqeWord.prp1Hi]! >>> 0);
  expect(sqe.prp2.lo.get(view, 0)).toBe(words[SqeWord.prp2Lo]! >>> 0);
  expect(sqe.slba.lo.get(view, 0)).toBe(words[SqeWord.cdw10]! >>> 0);
  expect(sqe.cdw15.get(view, 0)).toBe(words[SqeWord.cdw15]! >>> 0);
});

it('places FUA and LR where dword 12 has them', () => {
  const words = new Int32Array(16);
  const view = new DataView(words.buffer);
  words[SqeWord.cdw12] = 7 | IoControl.fua;
  expect([sqe.nlb0.get(view, 0), sqe.fua.get(view, 0), sqe.lr.get(view, 0)]).toEqual([
    7,
    true,
    false,
  ]);
  words[SqeWord.cdw12] = IoControl.lr;
  expect([sqe.fua.get(view, 0), sqe.lr.get(view, 0)]).toEqual([false, true]);
});

it('reads a completion entry the same by field and by word', () => {
  const words = new Int32Array(4);
  const view = new DataView(words.buffer);
  words[CqeWord.dw0] = -1;
  words[CqeWord.sqHeadAndId] = 12 | (3 << 16);
  words[CqeWord.cidAndStatus] = 0x1234 | (1 << 16) | (0x4080 << 17);
  expect(cqe.dw0.get(view, 0)).toBe(0xffff_ffff);
  expect(cqe.sqhd.get(view, 0)).toBe(12);
  expect(cqe.sqid.get(view, 0)).toBe(3);
  expect(cqe.cid.get(view, 0)).toBe(0x1234);
  expect(cqe.phase.get(view, 0)).toBe(1);
  expect(cqe.status.get(view, 0)).toBe(0x4080);
});
