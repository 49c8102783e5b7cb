/**
 * The rules of the source tree that no compiler checks: which room may import which, what the simulated world may not
 * touch, how long a file is, and that run-time code has a test of its own.
 */
import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

/** Level of each room; a file imports from its own room and from rooms of lower levels. */
const LEVELS: Readonly<Record<string, number>> = {
  base: 0,
  interfaces: 1,
  sim: 2,
  memory: 3,
  wire: 3,
  'nvme-driver': 4,
  'nvme-device': 4,
  vmm: 4,
  'virtio-drivers': 4,
  virtqueue: 4,
  vhost: 4,
  frontends: 4,
  target: 4,
  backends: 4,
  block: 4,
  'block-drivers': 4,
  devices: 4,
  workload: 4,
  stack: 5,
  testing: 6,
  node: 6,
  'index.ts': 7,
};

/** The first level that may know promises, clocks and chance that no seed decides. */
const FREE_LEVEL = 5;

const MAX_LINES = 400;

/** Directories that may import a package, by package. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  zod: ['src/stack/', 'src/target/config/'],
  'fast-check': ['src/testing/'],
};

const BANNED_NAMES: ReadonlySet<string> = new Set([
  'Promise',
  'PromiseLike',
  'Date',
  'Intl',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'globalThis',
  'WeakRef',
  'FinalizationRegistry',
  'eval',
  'Function',
]);

/** What is exactly rounded, and so the same on every engine. */
const MATH_NAMES: ReadonlySet<string> = new Set([
  'abs',
  'ceil',
  'clz32',
  'floor',
  'fround',
  'imul',
  'max',
  'min',
  'round',
  'sign',
  'sqrt',
  'trunc',
]);

const UNFINISHED = /\b(?:TODO|FIXME|XXX|HACK)\b|placeholder|not (?:yet )?implemented/i;
const MACHINE_PATH = /(?<![\w.])\/(?:work|home|root|Users)\/\w/;
const SCRATCH_PATH = /(?<![\w.])\/tmp\b/;

/** Sources by their path from the root, such as `src/base/assert.ts`. */
export type SourceTree = ReadonlyMap<string, string>;

/** Every broken rule of a tree of `src` files, one line each: `PATH: what is wrong`. */
export function findSourceFaults(sources: SourceTree, tests: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  const imports = new Map<string, string[]>();
  for (const [path, text] of sources) {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
    const level = LEVELS[roomOf(path)];
    const found = [...textFaults(path, text)];
    if (SCRATCH_PATH.test(text)) found.push('names a path of one machine');
    if (lineCount(text) > MAX_LINES) found.push(`has more than ${MAX_LINES} lines`);
    if (level === undefined) found.push(`room '${roomOf(path)}' has no level`);
    else if (level < FREE_LEVEL) found.push(...globalFaults(file));
    const specifiers = importsOf(file);
    for (const specifier of specifiers) found.push(...importFaults(path, specifier));
    const near = specifiers.filter((specifier) => specifier.startsWith('.'));
    imports.set(
      path,
      near.map((specifier) => join(dirname(path), specifier)),
    );
    if (needsTest(path, file) && !tests.has(testOf(path))) found.push(`has no ${testOf(path)}`);
    faults.push(...new Set(found.map((fault) => `${path}: ${fault}`)));
  }
  return [...faults, ...cycleFaults(imports)];
}

/** The rules that hold for every text of the repository. */
export function findTextFaults(texts: SourceTree): string[] {
  return [...texts].flatMap(([path, text]) =>
    textFaults(path, text).map((fault) => `${path}: ${fault}`),
  );
}

function textFaults(path: string, text: string): string[] {
  const faults: string[] = [];
  const unfinished = UNFINISHED.exec(text);
  if (unfinished !== null && path.startsWith('src/')) faults.push(`says '${unfinished[0]}'`);
  if (MACHINE_PATH.test(text)) faults.push('names a path of one machine');
  return faults;
}

function roomOf(path: string): string {
  return path.split('/')[1]!;
}

function testOf(path: string): string {
  return path.replace(/^src\//, 'tests/').replace(/\.ts$/, '.test.ts');
}

function lineCount(text: string): number {
  return text.replace(/\n$/, '').split('\n').length;
}

function importsOf(file: ts.SourceFile): string[] {
  const specifiers: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const from = node.moduleSpecifier;
      if (from !== undefined && ts.isStringLiteral(from)) specifiers.push(from.text);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const from = node.arguments[0];
      specifiers.push(from !== undefined && ts.isStringLiteral(from) ? from.text : '(computed)');
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal)) specifiers.push(node.argument.literal.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return specifiers;
}

function importFaults(path: string, specifier: string): string[] {
  const fault = `may not import '${specifier}'`;
  if (specifier.startsWith('node:')) return path.startsWith('src/node/') ? [] : [fault];
  if (!specifier.startsWith('.')) {
    const allowed = PACKAGES[specifier.split('/')[0]!] ?? [];
    return allowed.some((directory) => path.startsWith(directory)) ? [] : [fault];
  }
  const target = join(dirname(path), specifier);
  if (!target.startsWith('src/')) return [fault];
  const from = roomOf(path);
  const to = roomOf(target);
  return from === to || LEVELS[from]! > LEVELS[to]! ? [] : [fault];
}

function globalFaults(file: ts.SourceFile): string[] {
  const faults: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && !isMemberName(node)) {
      if (BANNED_NAMES.has(node.text)) faults.push(`may not use ${node.text}`);
      if (node.text === 'Math') faults.push(...mathFaults(node));
    }
    if (ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword) {
      faults.push('may not be asynchronous');
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return faults;
}

function mathFaults(node: ts.Identifier): string[] {
  const use = node.parent;
  if (!ts.isPropertyAccessExpression(use))
    return ['may use Math only by a function of a known name'];
  return MATH_NAMES.has(use.name.text) ? [] : [`may not use Math.${use.name.text}`];
}

/** Whether the name stands for a member of something else, as in `clock.Date` or `{ Date: 1 }`. */
function isMemberName(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  const isMember =
    ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isPropertyAssignment(parent);
  return isMember && parent.name === node;
}

function needsTest(path: string, file: ts.SourceFile): boolean {
  return !path.endsWith('/index.ts') && file.statements.some((statement) => !isInert(statement));
}

/** Whether a statement holds nothing that can run: types, re-exports, and constants that are written out. */
function isInert(statement: ts.Statement): boolean {
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) return true;
  if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) return true;
  if (!ts.isVariableStatement(statement)) return false;
  return statement.declarationList.declarations.every(
    (declaration) => declaration.initializer !== undefined && isWrittenOut(declaration.initializer),
  );
}

function isWrittenOut(value: ts.Expression): boolean {
  if (ts.isObjectLiteralExpression(value)) {
    return value.properties.every(
      (property) => ts.isPropertyAssignment(property) && isWrittenOut(property.initializer),
    );
  }
  if (ts.isArrayLiteralExpression(value)) return value.elements.every(isWrittenOut);
  if (ts.isAsExpression(value) || ts.isSatisfiesExpression(value))
    return isWrittenOut(value.expression);
  if (ts.isParenthesizedExpression(value)) return isWrittenOut(value.expression);
  if (ts.isPrefixUnaryExpression(value)) return isWrittenOut(value.operand);
  if (ts.isBinaryExpression(value)) return isWrittenOut(value.left) && isWrittenOut(value.right);
  if (ts.isPropertyAccessExpression(value)) return isWrittenOut(value.expression);
  return ts.isLiteralExpression(value) || ts.isIdentifier(value) || isWord(value);
}

function isWord(value: ts.Expression): boolean {
  const { TrueKeyword, FalseKeyword, NullKeyword } = ts.SyntaxKind;
  return value.kind === TrueKeyword || value.kind === FalseKeyword || value.kind === NullKeyword;
}

function cycleFaults(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const faults: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0)
      faults.push(`${path}: imports itself: ${[...trail.slice(start), path].join(' -> ')}`);
    if (start >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of imports.keys()) walk(path, []);
  return faults;
}
