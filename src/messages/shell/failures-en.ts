import type { failures as korean } from './failures-ko.ts';
import { choices } from './choices.ts';
import { examProblem } from './exam-file-en.ts';
import { kind, next } from './kinds-en.ts';

const testPart = choices(
  'part',
  {
    prefill: 'reading a prompt (prefill)',
    decode: 'writing a token (decode)',
    choice: 'choosing a token (argmax)',
    image: 'encoding an image',
    imagePrefill: 'reading a prompt with an image',
  },
  '{part}',
);

/** A row of PrepareRequest. */
const row = choices(
  'set',
  {
    trained: 'the row “{question}”',
    heldOut: 'the held-out row “{question}”',
    fixed: 'the fixed question “{question}”',
  },
  'a row',
);
/** Of an argument in bytes. */
const gigabytes = (name: string) => `{${name}, number, ::scale/0.000000001 .0} GB`;

/** What went wrong and what to do next, by the codes of core/failure.ts. */
export const failures: Record<keyof typeof korean, string> = {
  'failure.detail': 'Details',
  'failure.stopped.title': 'The job was stopped',
  'failure.stopped.next': 'Try again when you like.',
  'failure.worker-restarted.title': 'This ended together with a job that did not respond',
  'failure.worker-restarted.next': 'Try again.',
  'failure.worker-crashed.title': 'The computation stopped unexpectedly',
  'failure.worker-crashed.next': 'Try again. If it happens again, reload the page.',
  'failure.worker-not-started.title': 'The browser did not let the computation start',
  'failure.worker-not-started.next':
    'Close other tabs, or switch off extensions that block scripts of this page, then retry.',
  'failure.export-refused.title': 'No package can be made of this checkpoint',
  'failure.export-refused.next':
    'The words above are those of the command line. Mend the checkpoint, or choose another.',
  'failure.checkpoint-changed.title': 'The checkpoint is not the one that was begun with: {file}',
  'failure.checkpoint-changed.next':
    'It stopped so as not to mix weights. Delete the unfinished model under the models on this device, and begin again.',
  'failure.making-outdated.title': 'Another version of this page began the package',
  'failure.making-outdated.next':
    'This version writes other bytes. Delete the unfinished model under the models on this device, and begin again.',
  'failure.package-unfinished.title': 'The package is not finished: {name}',
  'failure.package-unfinished.next': 'Continue making it, or delete it.',
  'failure.no-ranges.title': 'The server does not send parts of a file: {file}',
  'failure.no-ranges.next': 'Put it on a server with HTTP range requests, or pick the downloaded folder.',
  'failure.place': '(line {line}, column {column})',
  'failure.json-syntax.title': 'Broken JSON: {file}',
  'failure.json-syntax.next': 'Check that the file is complete, or download it again.',
  'failure.unknown-file.title': 'Not a tokenizer file: {file}',
  'failure.unknown-file.next':
    'It is neither JSON nor a SentencePiece model. What opens: tokenizer.json, .model, Korean packs, texts (.txt), sentence pairs (.tsv).',
  'failure.not-a-tokenizer.title': 'Not a valid tokenizer.json: {file}',
  'failure.not-a-tokenizer.next': 'Open the tokenizer.json of a Hugging Face repository as it is.',
  'failure.unsupported-tokenizer.title': 'This tokenizer uses a feature that is not supported: {file}',
  'failure.unsupported-tokenizer.next':
    'The file may well be valid, but {feature} in its {part} cannot be run exactly here, so no tokens are counted. Open the same model in another format (tokenizer.json, .model), or count with tokenizers in Python.',
  'failure.other-file.title': `${kind}: {file}`,
  'failure.other-file.next': next,
  'failure.sentencepiece.title': 'This SentencePiece model cannot be read: {file}',
  'failure.sentencepiece.next': 'Check that the file is complete. If the model has a tokenizer.json, open that.',
  'failure.pack.title': 'This Korean pack is not valid: {file}',
  'failure.pack.next': 'Open a pack made by this lab or by npm run korean -- train.',
  'failure.pack-base.title': 'A pack for another tokenizer: {file}',
  'failure.pack-base.next':
    'It was made for a tokenizer with SHA-256 {found}…; Gemma 3 here has {expected}…. Make the pack again with this base.',
  'failure.no-base.title': 'This pack cannot be opened without the base tokenizer: {file}',
  'failure.no-base.next': 'Load the base tokenizer first, then try again.',
  'failure.encoding.title': 'Not UTF-8: {file}',
  'failure.encoding.next': 'Save it as UTF-8 in an editor and open it again. Old Korean files may be EUC-KR.',
  'failure.exam-file.title': 'No exam questions can be read from {file}',
  'failure.exam-file.next': examProblem,
  'failure.unknown-encoding.title': 'Neither UTF-8 nor UTF-16 nor CP949: {file}',
  'failure.unknown-encoding.next':
    'Save it as UTF-8 in an editor and open it again. A file of another kind is no text.',
  'failure.pair-without-tab.title': 'No columns in {file}',
  'failure.pair-without-tab.next':
    'Neither tabs nor commas cut its lines into columns. Write a pair a line, with one tab between the two sentences.',
  'failure.pair-no-korean.title': 'No Korean column in {file}',
  'failure.pair-no-korean.next': 'No cell holds Hangul. Write a pair a line: English, a tab, Korean.',
  'failure.pair-no-english.title': 'No English column in {file}',
  'failure.pair-no-english.next':
    'Beside the Korean column there is none with English sentences. Write a pair a line: English, a tab, Korean.',
  'failure.pair-half-empty.title': 'No whole pair in {file}',
  'failure.pair-half-empty.next': 'In every row one of the two sentences is missing. Fill in both columns.',
  'failure.no-pairs.title': '{file} holds no sentences',
  'failure.no-pairs.next': 'Write a pair a line: English, a tab, Korean.',
  'failure.text-too-long.title': 'The text is too long: {file}',
  'failure.text-too-long.next':
    'It has {length, number} characters; up to {limit, number} can be compared live. Open it in parts.',
  'failure.not-found.title': 'Not found: {id}',
  'failure.not-found.next': 'Check the name of the repository. One without a tokenizer.json cannot be used.',
  'failure.terms-not-accepted.title': 'To open MedGemma, accept its terms of use first: {name}',
  'failure.terms-not-accepted.next':
    'Read what the terms ask; once you accept, the model opens. No weights were fetched yet.',
  'failure.gated.title': 'This repository needs permission: {id}',
  'failure.gated.host': 'The server {host} refused access (HTTP {status})',
  'failure.gated.next':
    'Its terms must be accepted first, as for MedGemma, or it is private, or there is no repository of this name. Accept the terms on its page and give an access token that may read, or open a downloaded folder.',
  'failure.gated.host-next':
    'Check that you may see this address. You can give an access token, or open a downloaded folder.',
  'failure.gated.bad-token': 'The access token was not accepted. Check that it has not expired and is complete.',
  'failure.gated.no-access':
    'This access token may not see the repository. Check that its account has accepted the terms and that the token may read.',
  'failure.gated.page': 'See and accept the terms: {address}',
  'failure.too-large.title': 'The file is too large: {file}',
  'failure.too-large.next':
    'Files open up to {limit, number} bytes. Check whether another one was meant. Large texts can be trained on with npm run korean -- train.',
  'failure.no-text.title': 'There is no text to train on',
  'failure.no-text.next': 'Paste some, or choose a file.',
  'failure.no-hangul.title': 'There is no Hangul in the text',
  'failure.no-hangul.next': '{sentences, number} sentences were read, and no Hangul is in them. Give it Korean text.',
  'failure.too-little.title': 'There are too few sentences to train on',
  'failure.too-little.next':
    'There are {sentences, number} different sentences. To hold one of ten out and measure, at least {least, number} are needed. Give it more text.',
  'failure.no-pair.title': 'No pair of neighbours is frequent enough',
  'failure.no-pair.next':
    'No pair of neighbours occurs {frequency, number} times in the text. Lower the least frequency, or give it more text.',
  'failure.file-missing.title': 'The package lacks a file: {file}',
  'failure.file-missing.next': 'Check the folder or address, add the file, then open it again.',
  'failure.file-broken.title': 'A file cannot be read: {file}',
  'failure.file-broken.next': 'Download or export the file again, then open the package.',
  'failure.file-gone.title': 'A file can no longer be read',
  'failure.file-gone.next':
    'Its drive was pulled out, or it was moved, changed or deleted. Your conversation is still here. Plug the drive in again and retry; if the files changed, choose the folder again.',
  'failure.embedding-unreadable.title': 'The embedding matrix of this package cannot be read: {file}',
  'failure.embedding-unreadable.next':
    'Chat is not affected. Packages made by this project’s exporter show their embedding.',
  'failure.hash-mismatch.title': 'A file differs from its record: {file}',
  'failure.hash-mismatch.next': 'It may have been damaged on the way. Download this file again.',
  'failure.network.title': 'The connection failed',
  'failure.network.next': 'Check the connection and the address, then retry. A downloaded folder works too.',
  'failure.network.stalled': 'The server stopped sending',
  'failure.cut-off.title': 'The server keeps breaking off: {file}',
  'failure.cut-off.next': '{bytes, number} bytes have arrived. A retry goes on behind them if the server allows it.',
  'failure.wrong-length.title': 'The length of a file differs from its record: {file}',
  'failure.wrong-length.next':
    'The server’s file has {bytes, number} bytes; manifest.json says {expected, number}. Check that it was uploaded completely.',
  'failure.storage-full.title': 'The browser’s storage is full',
  'failure.storage-full.next': 'Free some disk space, or delete the stored data of this site, then retry.',
  'failure.storage-locked.title': 'Another tab is writing the same file',
  'failure.storage-locked.next': 'Wait until it has finished, or close it, then retry.',
  'failure.no-storage.title': 'The browser gives this page no storage',
  'failure.no-storage.next':
    'So it is in some private windows. Open the page in an ordinary window to keep models on this device; here a model opens too, and is fetched again each time.',
  'failure.offline.title': 'There is no connection to the internet',
  'failure.offline.next': 'Connect and retry. Files that were downloaded open without a connection.',
  'failure.rate-limited.title': 'Too many requests to {host}',
  'failure.rate-limited.next': 'Wait a moment, then retry.',
  'failure.rate-limited.after': 'The server asks to come back in {retryAfter, number} seconds. Retry then.',
  'failure.server-error.title': 'The server {host} has a problem (HTTP {status})',
  'failure.server-error.next': 'The problem is not on this device. Retry in a moment.',
  'failure.unsupported-package.title': 'The engine cannot run this package',
  'failure.unsupported-package.next': 'Open a transformers.js package of the Gemma 3 architecture.',
  'failure.gpu-feature-missing.title': 'This GPU lacks a needed feature: {feature}',
  'failure.gpu-feature-missing.next': 'Open a package of another precision, or run on the CPU.',
  'failure.insecure-context.title': 'At this address the browser does not let the page open a model',
  'failure.insecure-context.next':
    'Open it with https://, or as http://localhost on this device. At other http addresses WebGPU, storage and hashing are withheld.',
  'failure.too-large-for-cpu.title': 'The model is too large for the CPU',
  'failure.too-large-for-cpu.next': 'Use a browser with WebGPU, or open a smaller package.',
  'failure.out-of-memory.title': 'Not enough memory',
  'failure.out-of-memory.next': 'Use a shorter context or a smaller package. Closing other tabs helps too.',
  'failure.self-test.title': 'This model computes wrong values on this device',
  'failure.self-test.next': `Compared with the values in its package, the step “${testPart}” differs. It was not opened, so that it shows no wrong answers. Open another package, or update the browser and the graphics driver and try again.`,
  'failure.device-lost.title': 'The GPU connection was lost',
  'failure.device-lost.next': 'Your conversation is still here. Reopen the model to go on.',
  'failure.image-unreadable.title': 'The image cannot be read: {name}',
  'failure.image-unreadable.next': 'Save it as PNG, JPEG or WebP and attach it again, or send without images.',
  'failure.image-kind.title': 'This file cannot be sent as an image: {name}',
  'failure.image-kind.next': `${kind}. Save it as PNG, JPEG or WebP and attach it again; a DICOM file is attached in the chat, where its window is chosen.`,
  'failure.dicom-compressed.title': 'This compression of DICOM cannot be opened: {name}',
  'failure.dicom-compressed.next':
    'It is {syntax}. Export it uncompressed (Explicit VR Little Endian) from the viewer or archive, or save it there as PNG.',
  'failure.no-vision.title': 'This model cannot read images',
  'failure.no-vision.next': 'Open a package with a vision encoder, or send without images.',
  'failure.context-full.title': 'The conversation is longer than the context',
  'failure.context-full.next': 'It needs {needed, number} tokens and {limit, number} fit. Choose what to do.',
  'failure.context-full.alone': 'This question alone is {over, number} tokens longer than the context',
  'failure.context-full.shorten':
    'It does not fit even without the earlier turns. Shorten the question or the system text: {limit, number} tokens fit.',
  'failure.context-full.fewer-images':
    'It does not fit even without the earlier turns. Remove images or shorten the text: an image takes {perImage, number} tokens, and {limit, number} fit.',
  'failure.adapter-refused.title': 'This adapter cannot be used: {file}',
  'failure.adapter-refused.next':
    'Open the complete adapter_config.json and adapter_model.safetensors of a LoRA adapter that was trained on this model. Adapters that were on stay on.',
  'failure.no-lora-branches.title': 'Adapters cannot be attached to this package: {file}',
  'failure.no-lora-branches.next':
    'The matrix products in its decoder graph have unknown names, so there is nothing to attach an adapter to. Open a package made by this project’s exporter.',
  'failure.training-refused.title': 'This cannot be trained as it stands',
  'failure.training-refused.next': 'See the details below.',
  'failure.training-refused.rows': 'There is no row to train on',
  'failure.training-refused.rows-next': 'Choose a task, or write a question and an answer.',
  'failure.training-refused.answer': `The tokenizer cannot write the answer of ${row}`,
  'failure.training-refused.answer-next':
    '“{answer}” would become “{written}”, so the model could never give this answer. Word it otherwise, or train a model with another tokenizer.',
  'failure.training-refused.length': `Too long to train on: ${row}`,
  'failure.training-refused.length-next':
    'With its image it takes {tokens, number} tokens, and the model has {limit, number} positions. Shorten the question or the answer.',
  'failure.training-refused.rank': 'Rank {rank, number} is more than {target} has',
  'failure.training-refused.rank-next':
    'The matrix is {outputs, number} × {inputs, number}: its rank cannot be more than the smaller of the two. Choose a smaller rank or other projections.',
  'failure.training-refused.targets': 'No projection is chosen',
  'failure.training-refused.targets-next': 'Choose at least one projection to train.',
  'failure.training-refused.memory': '{name} is too large to train in a tab',
  'failure.training-refused.memory-next': `It would take at least ${gigabytes('bytes')} of memory, and a tab has ${gigabytes('limit')} for it. The Python code in training/ trains it with the same data, on a machine with a large GPU. Here, choose a smaller model.`,
  'failure.no-model.title': 'No model is open',
  'failure.no-model.next': 'Open a model, then send again.',
  'failure.busy.title': 'Another job is still running',
  'failure.busy.next': 'Try again in a moment.',
  'failure.runtime.title': 'An error occurred while running',
  'failure.runtime.next': 'Reopen the model. If it happens again, report the details below.',
};
