import { expose } from 'comlink';
import type { TokenizerLabApi } from '#core/protocol/tokenizer.ts';
import { Lab } from './tokenizer/tokenizer-lab.ts';

const lab: TokenizerLabApi = new Lab();
expose(lab);
