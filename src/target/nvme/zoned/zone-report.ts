/** Zone Management Receive: reports of zones. Zoned Namespaces 1.1, 3.4.2. */
import { addressOf } from '../../../base/sg-list.ts';
import type { NvmeCommand } from '../../../interfaces/nvme-command-port.ts';
import { fillSg, storeSg } from '../../../memory/sg-copy.ts';
import { SqeWord } from '../../../wire/nvme-entries.ts';
import { NvmeStatus } from '../../../wire/nvme-status.ts';
import {
  REPORTED_STATES,
  ZONE_REPORT_ENTRY_BYTES,
  ZONE_REPORT_PARTIAL,
  ZoneReceiveAction,
  zoneReportHeader,
} from '../../../wire/nvme-zoned.ts';
import type { ZoneTable } from './zone-table.ts';

/** Executes the command at once; what the report does not fill reads as zeroes. */
export function reportZones(
  command: NvmeCommand,
  zones: ZoneTable,
  maxTransferBytes: number,
): number {
  const { sqe } = command;
  const { shape } = zones;
  const cdw13 = sqe[SqeWord.cdw13]!;
  const action = cdw13 & 0xff;
  const filter = REPORTED_STATES[(cdw13 >>> 8) & 0xff];
  const isExtended = action === ZoneReceiveAction.extendedReport;
  if (action !== ZoneReceiveAction.report && !(isExtended && shape.extensionBytes > 0)) {
    return NvmeStatus.invalidField;
  }
  const byteLength = ((sqe[SqeWord.cdw12]! >>> 0) + 1) * 4;
  if (filter === undefined || byteLength > maxTransferBytes) return NvmeStatus.invalidField;
  if (byteLength < ZONE_REPORT_ENTRY_BYTES) return NvmeStatus.invalidField;
  const slba = addressOf(sqe[SqeWord.cdw10]! >>> 0, sqe[SqeWord.cdw11]! >>> 0);
  const first = zones.zoneOf(slba);
  if (first >= shape.zoneCount) return NvmeStatus.lbaOutOfRange;

  const extensionBytes = isExtended ? shape.extensionBytes : 0;
  const report = new ReportWriter(command, zones, extensionBytes);
  const room = Math.floor(
    (byteLength - ZONE_REPORT_ENTRY_BYTES) / (ZONE_REPORT_ENTRY_BYTES + extensionBytes),
  );
  let matching = 0;
  for (let zone = first; zone < shape.zoneCount; zone++) {
    if (filter !== 0 && zones.state(zone) !== filter) continue;
    if (matching < room) report.put(zone);
    matching += 1;
  }
  const isPartial = (cdw13 & ZONE_REPORT_PARTIAL) !== 0;
  return report.finish(isPartial ? Math.min(matching, room) : matching, byteLength)
    ? NvmeStatus.success
    : NvmeStatus.dataTransferError;
}

/** Puts one descriptor after the other where the command wants its data. */
class ReportWriter {
  readonly #command: NvmeCommand;
  readonly #zones: ZoneTable;
  readonly #extensionBytes: number;
  readonly #entry = new Uint8Array(ZONE_REPORT_ENTRY_BYTES);
  readonly #view = new DataView(this.#entry.buffer);
  #at = ZONE_REPORT_ENTRY_BYTES;
  #isGood = true;

  constructor(command: NvmeCommand, zones: ZoneTable, extensionBytes: number) {
    this.#command = command;
    this.#zones = zones;
    this.#extensionBytes = extensionBytes;
  }

  put(zone: number): void {
    this.#entry.fill(0);
    this.#zones.describe(zone, this.#view);
    this.#store(this.#at, this.#entry, 0, ZONE_REPORT_ENTRY_BYTES);
    this.#at += ZONE_REPORT_ENTRY_BYTES;
    const { extensionBytes } = this.#zones.shape;
    this.#store(this.#at, this.#zones.extensions, zone * extensionBytes, this.#extensionBytes);
    this.#at += this.#extensionBytes;
  }

  /** Puts the header, and zeroes behind the last descriptor; false when some byte had no place. */
  finish(zoneCount: number, byteLength: number): boolean {
    this.#entry.fill(0);
    zoneReportHeader.zoneCount.set(this.#view, 0, zoneCount);
    this.#store(0, this.#entry, 0, ZONE_REPORT_ENTRY_BYTES);
    const { memory, data } = this.#command;
    return this.#isGood && fillSg(memory, data, this.#at, 0, byteLength - this.#at);
  }

  #store(at: number, from: Uint8Array, offset: number, length: number): void {
    const { memory, data } = this.#command;
    this.#isGood &&= storeSg(memory, data, at, from, offset, length);
  }
}
