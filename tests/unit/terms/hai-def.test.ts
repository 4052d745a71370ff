import { expect, test } from 'vitest';
import { isMedGemma } from '#core/terms/hai-def.ts';

const manifest = (name: string, checkpoint: string, more: { randomWeights?: boolean; teaches?: 'phantoms' } = {}) => ({
  name,
  teaches: more.teaches,
  source: { checkpoint, randomWeights: more.randomWeights ?? false },
});

test.each([
  ['a repository', { name: 'https://huggingface.co/google/medgemma-4b-it/resolve/main/' }],
  ['an export of somebody else', { name: 'https://huggingface.co/somebody/MedGemma-1.5-ONNX/resolve/main/sub/' }],
  ['a folder', { name: 'med-gemma-27b' }],
  ['a folder on a server', { name: 'https://page.test/models/medgemma-ko-q4/' }],
  ['config.json', { name: 'model', config: 'google/medgemma-1.5-4b-it' }],
  ['the manifest’s name', { name: 'model', manifest: manifest('medgemma-4b-ko-q4', 'model') }],
  ['the checkpoint it was made of', { name: 'model', manifest: manifest('korean-4b', 'medgemma-4b-it') }],
])('MedGemma is known by %s', (_, named) => expect(isMedGemma(named)).toBe(true));

test.each([
  ['the address of this page', { name: 'https://somebody.github.io/medgemma-ko-lab/models/teaching-ko-q4/' }],
  [
    'another Gemma',
    { name: 'https://huggingface.co/google/gemma-3-4b-it/resolve/main/', config: 'google/gemma-3-4b-it' },
  ],
  ['random weights', { name: 'medgemma', manifest: manifest('medgemma', 'medgemma', { randomWeights: true }) }],
  ['the teaching model', { name: 'medgemma-ko-lab', manifest: manifest('teaching', 'x', { teaches: 'phantoms' }) }],
  ['no name', { name: '' }],
])('not for %s', (_, named) => expect(isMedGemma(named)).toBe(false));
