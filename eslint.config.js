// @ts-check
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import prettier from 'eslint-config-prettier';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import { literalText } from './eslint.literal-text.js';
import { walls } from './eslint.walls.js';

/** Rules against values of type `any`, which some places cannot help having. */
const noUnsafe = ['argument', 'assignment', 'call', 'member-access', 'return'];
const allowAny = Object.fromEntries(noUnsafe.map((what) => [`@typescript-eslint/no-unsafe-${what}`, 'off']));

export default defineConfig(
  globalIgnores([
    'dist/',
    'public/',
    '.cache/',
    'tests/fixtures/',
    'tests/packages/',
    'test-results/',
    'playwright-report/',
  ]),
  // Written by protoc-gen-es.
  globalIgnores(['core/onnx/onnx_pb.ts']),
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  svelte.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname, extraFileExtensions: ['.svelte'] },
    },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver({ alwaysTryTypes: false })] },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: walls }],
      'import-x/no-unresolved': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Browsers lack what the DOM types promise, and a callback may have set what looks unset.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // `return this.clear();` leaves early in one line.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // `async` also makes a rejection of what would be thrown.
      '@typescript-eslint/require-await': 'off',
    },
  },
  { files: ['core/**', 'workers/**', 'src/**'], rules: { 'import-x/no-nodejs-modules': 'error' } },
  {
    // Loops over typed arrays, whose indexes are right by construction.
    files: [
      'core/image/**',
      'core/dicom/**',
      'core/sampling/**',
      'core/tokenizer/**',
      'core/embedding/**',
      'core/phantoms/**',
      'core/hash/**',
    ],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { globals: globals.browser, parserOptions: { parser: ts.parser } },
    rules: {
      // Asks for SvelteMap also where a Map is no state.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  {
    // The parser takes the arguments of handlers in templates for `any`; svelte-check knows better.
    files: ['**/*.svelte'],
    rules: { ...allowAny, 'no-restricted-syntax': ['error', ...literalText] },
  },
  {
    files: ['tests/**', 'bench/**'],
    rules: {
      ...allowAny,
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
    },
  },
  {
    // It takes methods off their prototypes to call them on what they were called on.
    files: ['workers/bench/gpu-meter.ts'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
  { files: ['**/*.{js,mjs}'], extends: [ts.configs.disableTypeChecked], languageOptions: { globals: globals.node } },
  prettier,
  svelte.configs.prettier,
);
