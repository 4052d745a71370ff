/** What a visitor chose for the package: it stays while the dialog is closed, and a folder that is dropped on the page comes here. */
import type { RowInit } from '#core/embedding/new-row.ts';
import { recommendedDtype } from '#core/budget/recommended-dtype.ts';
import { otherKind } from '#core/files/folder-kind.ts';
import { DEFAULT_METHOD } from '#core/gemma3/package-graphs.ts';
import { RECOMMENDED_PACK } from '#core/tokenizer/korean/shipped-packs.ts';
import type { CheckpointSource, MakeOptions } from '#core/protocol/maker.ts';
import type { Making } from '#core/protocol/making.ts';
import { isMedGemma } from '#core/terms/hai-def.ts';
import { t } from '../../platform/locale.svelte.ts';
import type { FolderSource } from '../../platform/package-folder.ts';
import { preflight } from '../../workers/preflight.svelte.ts';
import { checkpointAddress } from './checkpoint-address.ts';
import { dtypes, packs, type AdapterUse, type MadeDtype, type PackName } from './choices.ts';

class MakeChoices {
  typed = $state('google/medgemma-4b-it');
  picked = $state.raw<FolderSource>();
  /** Undefined: what is recommended for this device. */
  chosenDtype = $state<MadeDtype>();
  /** Undefined: the default of the precision. */
  chosenMethod = $state<MakeOptions['method']>();
  pack = $state<PackName>(RECOMMENDED_PACK);
  init = $state<RowInit>('mean');
  context = $state(8192);
  adapter = $state.raw<FolderSource>();
  adapterUse = $state<AdapterUse>('bake');
  /** Names of folders that an unfinished package was begun with: the page cannot keep them, so they are picked again. */
  wantedFolder = $state<string>();
  wantedAdapter = $state<string>();

  readonly recommended = $derived(recommendedDtype(preflight.report?.names));
  readonly dtype = $derived(this.chosenDtype ?? this.recommended.dtype);
  readonly method = $derived(this.chosenMethod ?? DEFAULT_METHOD[this.dtype]);
  readonly address = $derived(checkpointAddress(this.typed, document.baseURI));
  readonly name = $derived(this.picked?.name ?? (this.address.type === 'ok' ? this.address.name : ''));
  readonly source: CheckpointSource | undefined = $derived(
    this.picked ?? (this.address.type === 'ok' && this.wantedFolder === undefined ? this.address.source : undefined),
  );
  readonly asksForTerms = $derived(isMedGemma({ name: this.picked?.name ?? this.typed }));
  /** An adapter that is applied to the finished model in the LoRA lab. */
  readonly adapterBeside = $derived(this.adapterUse === 'beside' ? this.adapter : undefined);

  options(): MakeOptions {
    const { name, dtype, method, context, pack, init, adapter } = this;
    const url = new URL(`korean/${pack}.json`, document.baseURI).href;
    return {
      ...{ name, dtype, method, context },
      notice: this.asksForTerms ? t('make.notice.medgemma', { name }) : '',
      ...(pack !== 'none' && { korean: { url, init, untie: false } }),
      ...(adapter && this.adapterUse === 'bake' && { adapter: { source: adapter, strength: 1 } }),
    };
  }

  takeCheckpoint(source: FolderSource): void {
    this.picked = source;
    this.wantedFolder = undefined;
  }

  takeAdapter(source: FolderSource): void {
    this.adapter = source;
    this.wantedAdapter = undefined;
  }

  /** The choices of an unfinished package, so that the same folders are all that is missing. */
  restore({ source, options }: Making): void {
    this.picked = undefined;
    this.adapter = undefined;
    this.wantedFolder = source.type === 'files' ? source.name : undefined;
    if (source.type !== 'files') this.typed = source.type === 'hub' ? repositoryAddress(source) : source.url;
    this.chosenDtype = dtypes.find((dtype) => dtype === options.dtype);
    this.chosenMethod = options.method;
    this.context = options.context;
    this.pack = packs.find(({ name }) => options.korean?.url.endsWith(`/${name}.json`))?.name ?? 'none';
    this.init = options.korean?.init ?? 'mean';
    this.adapterUse = 'bake';
    this.wantedAdapter = options.adapter?.name;
  }
}

function repositoryAddress({ repository, revision }: CheckpointSource & { type: 'hub' }): string {
  return revision === 'main' ? repository : `https://huggingface.co/${repository}/tree/${revision}`;
}

/** True for the files of a checkpoint: a package is made of them, they cannot be opened as they are. An adapter may lie beside them. */
export function isCheckpoint({ files }: FolderSource): boolean {
  const paths = files.map(({ path }) => path).filter((path) => !path.startsWith('adapter_'));
  return otherKind('package', paths)?.kind === 'checkpoint';
}

export const choices = new MakeChoices();
