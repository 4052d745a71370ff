import type { Session } from '../../chat/session.svelte.ts';
import { VocabularyWorker } from '../../workers/vocabulary-worker.ts';
import { Claims } from './claims/claims.svelte.ts';
import type { TokenizerLab } from './lab.svelte.ts';
import { TokenCost } from './cost/token-cost.svelte.ts';
import { NewRows } from './new-rows/new-rows.svelte.ts';
import { BASE } from './tokenizers/tokenizers.svelte.ts';
import { Training } from './training/training.svelte.ts';
import { WrongMerges } from './wrong-merges/wrong-merges.svelte.ts';

/** The pack that the lessons are about. */
const PACK = 'ko-8960';

/** The teaching half of the lab. Its worker starts when the first section that needs it is seen. */
export class Lessons {
  readonly claims: Claims;
  readonly wrong: WrongMerges;
  readonly money: TokenCost;
  readonly training: Training;
  readonly rows: NewRows;

  constructor(lab: TokenizerLab, session: Session) {
    const sources = { base: addressOf(lab, BASE), pack: addressOf(lab, PACK) };
    const worker = new VocabularyWorker();
    this.claims = new Claims(lab.worker);
    this.wrong = new WrongMerges(worker, sources);
    this.money = new TokenCost(session.engine);
    this.training = new Training(lab, sources.base);
    this.rows = new NewRows(worker, sources, session.engine);
  }
}

function addressOf(lab: TokenizerLab, key: string): string {
  const source = lab.tokenizers.entries.find((entry) => entry.key === key)?.source;
  if (!source || !('url' in source)) throw new TypeError(`no address of ${key}`);
  return source.url;
}
