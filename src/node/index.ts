/** What needs Node: real files. @packageDocumentation */
export * from './node-file.ts';
