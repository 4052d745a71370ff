/** What to run where an adapter cannot be used as it is; parts of messages. */

/** For everything that PEFT computes and we do not. */
export const MERGE_WITH_PEFT =
  'merge it with PEFT first and export the merged checkpoint: python -c "from peft import PeftModel; ' +
  "from transformers import AutoModelForImageTextToText as M, AutoProcessor as P; base = M.from_pretrained('BASE'); " +
  "PeftModel.from_pretrained(base, 'ADAPTER').merge_and_unload().save_pretrained('merged'); " +
  "P.from_pretrained('BASE').save_pretrained('merged')\", then npm run export -- --checkpoint merged --dtype q4 --out PACKAGE";

/** For everything that the exporter adds to the weights, but the page cannot switch on and off. */
export const EXPORT_WITH_ADAPTER =
  'add it to the weights: npm run export -- --checkpoint BASE --adapter ADAPTER --dtype q4 --out PACKAGE, then open that package';

export const FUSE_WITH_MLX =
  'fuse it into the model it was trained on: mlx_lm.fuse --model BASE --adapter-path ADAPTER --save-path fused --dequantize, then ' +
  'npm run export -- --checkpoint fused --dtype q4 --out PACKAGE';
