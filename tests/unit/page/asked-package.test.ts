import { expect, test } from 'vitest';
import { askedPackage } from '../../../src/platform/asked-package.ts';

const page = 'http://localhost:8765/page/';

test.each([
  ['?package=../packages/mine/', 'http://localhost:8765/packages/mine/'],
  ['?kiosk&package=..%2Fpackages%2Fmy%20model', 'http://localhost:8765/packages/my%20model/'],
  ['?package=/packages/mine/', 'http://localhost:8765/packages/mine/'],
])('%s is a folder of the site', (search, url) => {
  expect(askedPackage(search, page)).toEqual({ type: 'ok', url });
});

test.each(['owner/name', 'https://huggingface.co/owner/name', 'https://cdn.example/m/', 'http://localhost:9/m/', ''])(
  'a link does not open %j by itself',
  (asked) => {
    expect(askedPackage(`?package=${encodeURIComponent(asked)}`, page)).toEqual({ type: 'refused', asked });
  },
);

test('an address without a package asks for none', () => {
  expect(askedPackage('?kiosk', page)).toEqual({ type: 'none' });
});
