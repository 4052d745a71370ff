/** Embedding and output head of an adapted checkpoint: whether they are still one matrix. */
import type { CheckpointTensor } from '../gemma3/checkpoint.ts';
import { parseConfig } from '../gemma3/config.ts';
import { isSameMatrix } from '../gemma3/tied-head.ts';
import type { Adapter } from '../lora/adapter.ts';
import type { Checkpoint } from './checkpoint.ts';
import { ExportError } from './error.ts';
import { resized } from './resized-config.ts';
import { EMBEDDING, HEAD, tensorOf } from './tokenizer-size.ts';

/**
 * Decides as PEFT computes with the adapter on: a copy in `modules_to_save`, or LoRA on one of the two, leaves the other as it
 * was, although they were tied. Equal values are one matrix.
 * @param adapted the checkpoint with saved parameters and updates in its tensors
 * @param base the checkpoint without
 * @throws ExportError where a Korean vocabulary was added too: its new rows are made of the checkpoint's
 */
export async function addToTables(
  adapted: Checkpoint,
  base: Checkpoint,
  { saved, others, vocabularySize }: Adapter,
  strength: number,
): Promise<Checkpoint> {
  const savedOf = (name: string) => saved.find(({ parameter }) => parameter === name);
  const updateOf = (name: string) => others.find(({ parameter }) => parameter === name);
  if (![EMBEDDING, HEAD].some((name) => savedOf(name) ?? updateOf(name))) return adapted;
  if (base.tokenizer !== undefined)
    throw new ExportError(
      'the adapter changes embedding or output head, and --korean makes new rows of the ones before; merge the adapter with PEFT first (docs/adapters.md), then export the merged checkpoint with --korean',
    );
  const wasTied = base.config.text.tiedEmbedding;
  const stored = (name: string, other: string): CheckpointTensor => {
    const own = savedOf(name);
    if (own) return { key: own.entry.name, source: own.source, entry: own.entry };
    const shared = savedOf(other);
    // A base matrix that the file holds is both where the model is tied; a copy is not.
    if (wasTied && shared && !shared.isCopy)
      return { key: shared.entry.name, source: shared.source, entry: shared.entry };
    return tensorOf(base, wasTied ? EMBEDDING : name);
  };
  const withUpdate = (tensor: CheckpointTensor, name: string): CheckpointTensor => {
    const module = updateOf(name);
    return module ? { ...tensor, adapter: { module, strength } } : tensor;
  };
  const [embedding, head] = [stored(EMBEDDING, HEAD), stored(HEAD, EMBEDDING)];
  const tied = wasTied && !updateOf(EMBEDDING) && !updateOf(HEAD) && (await isSameMatrix(embedding, head));
  const tensors = new Map(adapted.tensors);
  tensors.set(EMBEDDING, withUpdate(embedding, EMBEDDING));
  if (tied) tensors.delete(HEAD);
  else tensors.set(HEAD, withUpdate(head, HEAD));
  const isResized = vocabularySize !== base.config.text.vocabularySize;
  const configJson = isResized || tied !== wasTied ? resized(base.configJson, vocabularySize, tied) : base.configJson;
  return {
    ...adapted,
    config: parseConfig(configJson),
    configJson,
    tensors,
    changes: [
      ...(adapted.changes ?? []),
      ...(isResized
        ? [
            `The vocabulary has ${vocabularySize} rows, those of the adapter; the checkpoint's had ${base.config.text.vocabularySize}.`,
          ]
        : []),
      ...(wasTied && !tied
        ? [
            'Embedding and output head were one matrix in the checkpoint; with the adapter they differ and are stored separately.',
          ]
        : []),
    ],
  };
}
