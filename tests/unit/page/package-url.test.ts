import { expect, test } from 'vitest';
import { packageUrl } from '../../../src/platform/package-url.ts';

const page = 'https://lab.example/tools/';
const main = 'https://huggingface.co/owner/name/resolve/main/';

test.each([
  ['owner/name', main],
  [' https://huggingface.co/owner/name ', main],
  ['https://huggingface.co/owner/name/tree/main', main],
  ['https://huggingface.co/owner/name/tree/v1/q4', 'https://huggingface.co/owner/name/resolve/v1/q4/'],
  ['https://huggingface.co/owner/name/resolve/main/', main],
  ['./models/other', 'https://lab.example/tools/models/other/'],
  ['/models/other/?x=1#y', 'https://lab.example/models/other/'],
])('%s', (typed, url) => {
  expect(packageUrl(typed, page)).toEqual({ type: 'ok', url });
});

test.each([
  ...['', 'nonsense', 'javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'https://huggingface.co/owner'],
  ...['owner/..', 'https://name:password@lab.example/models/other/', 'https://name@huggingface.co/owner/name'],
])('%s is no address of a package', (typed) => {
  expect(packageUrl(typed, page)).toEqual({ type: 'bad' });
});

test('another host is named', () => {
  expect(packageUrl('https://cdn.example/m/', page)).toEqual({ type: 'host', host: 'cdn.example' });
});
