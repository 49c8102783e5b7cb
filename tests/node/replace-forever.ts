/** Replaces the file that it is told, with one whole text after the other, until it is killed. */
import { replaceFile } from '../../src/node/atomic-file.ts';

const path = process.argv[2]!;
for (let i = 0; ; i++) {
  replaceFile(path, JSON.stringify({ i, body: 'x'.repeat(200_000), end: i }));
  if (i === 0) process.stdout.write('begun\n');
}
