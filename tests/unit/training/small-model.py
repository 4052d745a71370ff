"""A small model of the teaching model's form that has learnt some answers by heart, and how PyTorch judges it.

Argument: JSON {"set", "out", "images", "generated"}. Writes the checkpoint to `out`, prints what `evaluate` says, for each
question in the order of the set whether it is right, and the tokens that Hugging Face generates for the first `generated`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from teaching.base import save_checkpoint
from teaching.data import LANGUAGES, Batch, PhantomSet
from teaching.evaluate import evaluate
from teaching.model import answer_logits, image_features, new_model, pixel_values, rows_by_length, teaching_config
from teaching.prompt import IGNORE, Prompter
from teaching.tokenizer import IMAGE_TOKEN, build_tokenizer
from tokenizers import Tokenizer

asked = json.loads(sys.argv[1])
torch.set_num_threads(1)
torch.manual_seed(0)
data = PhantomSet(Path(asked["set"]), 4)
tokenizer = build_tokenizer(data.texts("en"), data.texts("ko"))
ids = tokenizer["model"]["vocab"]
config = teaching_config(
    vocabulary=len(ids),
    image_token=ids[IMAGE_TOKEN],
    boi_token=ids["<start_of_image>"],
    eoi_token=ids["<end_of_image>"],
    end_of_turn=ids["<end_of_turn>"],
)
text, vision = config.text_config, config.vision_config
# Two local layers and a global one.
text.num_hidden_layers, text.layer_types = 3, text.layer_types[:3]
text.hidden_size, text.intermediate_size, text.head_dim = 64, 128, 16
vision.hidden_size, vision.intermediate_size, vision.num_hidden_layers = 32, 64, 1
model = new_model(config)
prompter = Prompter(Tokenizer.from_str(json.dumps(tokenizer)), config.mm_tokens_per_image)

images = range(asked["images"])
pairs = [(image, pair) for image in images for language in LANGUAGES for pair in data.pairs[language][image]]
pairs += [(None, pair) for language in LANGUAGES for pair in data.talk[language]]


def batch_of(some):
    conversations = [prompter.conversation([(pair.question, pair.answer)], has_image=image is not None) for image, pair in some]
    return Batch(np.array(images), conversations, np.array([-1 if image is None else image for image, _ in some]))


pixels = pixel_values(np.array(data.images[: asked["images"]]))
# Every other question about images and every eighth of the others: it cannot know the rest.
learnt = batch_of([entry for at, entry in enumerate(pairs) if at % (8 if entry[0] is None else 2) == 0])
optimizer = torch.optim.AdamW(model.parameters(), lr=6e-3)
for _ in range(70):
    optimizer.zero_grad()
    features = image_features(model, pixels)
    for rows in rows_by_length(learnt, 2):
        logits, expected, _ = answer_logits(model, rows, learnt, features)
        torch.nn.functional.cross_entropy(logits, expected).backward(retain_graph=True)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
save_checkpoint(Path(asked["out"]), model, tokenizer)

model.eval()
right = [False] * len(pairs)
generated = []
with torch.no_grad():
    features = image_features(model, pixels)
    batch = batch_of(pairs)
    for rows in rows_by_length(batch, 2):
        logits, expected, row_of = answer_logits(model, rows, batch, features)
        wrong = torch.zeros(len(rows.places)).index_add_(0, row_of, (logits.argmax(-1) != expected).float())
        for row, place in enumerate(rows.places):
            right[place] = bool(wrong[row] == 0)
    for (image, _), conversation in list(zip(pairs, batch.conversations))[: asked["generated"]]:
        length = next(at for at, answer in enumerate(conversation.answers) if answer != IGNORE)
        prompt = torch.tensor([conversation.ids[:length]])
        output = model.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            pixel_values=pixels[image : image + 1],
            token_type_ids=(prompt == config.image_token_id).long(),
            max_new_tokens=60,
            do_sample=False,
        )
        generated.append(output[0, length:].tolist())
print(json.dumps({"evaluation": evaluate(model, prompter, data, asked["images"]), "right": right, "generated": generated}))
