import { expose } from 'comlink';
import type { TokenizerLabApi } from '#core/protocol/tokenizer-lab.ts';
import { Lab } from './lab/lab.ts';

const lab: TokenizerLabApi = new Lab();
expose(lab);
