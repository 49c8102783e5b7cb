import { describe, expect, it } from 'vitest';
import { processIo } from '../../../src/node/cli/cli-io.ts';

describe('processIo', () => {
  const io = processIo();

  it('has a clock that does not go back, and gives others a turn', async () => {
    const before = io.clockMs();
    let others = false;
    setImmediate(() => {
      others = true;
    });
    await io.turn();
    expect(others).toBe(true);
    expect(io.clockMs()).toBeGreaterThanOrEqual(before);
  });

  it('hears an interrupt until it is told to forget it', () => {
    const count = process.listenerCount('SIGINT');
    let heard = 0;
    const forget = io.onInterrupt(() => {
      heard += 1;
    });
    process.emit('SIGINT');
    expect(heard).toBe(1);
    const forgetAnother = io.onInterrupt(() => {
      heard += 1;
    });
    forgetAnother();
    forget();
    expect(process.listenerCount('SIGINT')).toBe(count);
  });

  it('reads text', () => {
    expect(io.readText(new URL(import.meta.url).pathname)).toContain('reads text');
    expect(() => io.readText('no/such/file')).toThrow(/ENOENT/);
  });
});
