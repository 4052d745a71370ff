import type { ko } from './ko.ts';

export const en: Record<keyof typeof ko, string> = {
  'welcome.title': 'AI that answers in your browser, nothing to install',
  'welcome.lead':
    'Runs models of the Gemma 3 family, such as MedGemma, in this browser. Questions and images never leave this device.',
  'welcome.lead.gpu':
    'Runs models of the Gemma 3 family on the GPU of this computer, with nothing to install. Questions and images never leave this device.',
  'welcome.lead.cpu':
    'Runs models of the Gemma 3 family on the CPU of this computer, with nothing to install. Questions and images never leave this device.',
  'welcome.random.title': 'A model filled with random values',
  'welcome.random.lead':
    'It was never trained, so its answers mean nothing. What you can see is how the page works, how fast it runs on this device, and how much memory it takes.',
  'welcome.try': 'Try asking',
  'welcome.example.3': 'Describe what you see in this image, step by step.',
  'welcome.example.image': 'needs an image',

  'welcome.teaching.title': 'A small AI that looks and answers',
  'welcome.teaching.lead': 'The model runs inside this browser. Neither questions nor images leave this device.',
  'welcome.teaching.about':
    'A phantom is an image drawn for practice. What it shows is known, so you see at once whether an answer is right.',

  'welcome.now': 'The model that runs now',
  'welcome.now.teaching':
    'A small teaching model that came with this page. It was trained on drawn phantoms only, has no medical knowledge, and was not made from MedGemma’s weights.',
  'welcome.any': 'Any model',
  'welcome.any.body':
    'Outputs are not intended to directly inform clinical diagnosis, patient management decisions, treatment recommendations, or any other direct clinical practice applications. All of them need independent verification.',
  'welcome.medgemma': 'When you open MedGemma',
  'welcome.medgemma.body':
    'It was evaluated primarily in English, so quality in Korean may differ, and the terms below apply.',

  'demo.label': 'Demonstration',
  'demo.live': 'Running on this device now',
  'demo.recorded': 'Recorded answer',
  'demo.recorded.until': 'once the model is open, it answers on this device',
  'demo.recorded.figures': 'Measured when it was recorded, on the CPU of another computer',
  'demo.slowed': 'Measured on this device. The text is shown slowly, so that it can be read',
  'demo.pause': 'Pause',
  'demo.play': 'Play the demonstration',
  'demo.ask': 'Ask about this image yourself',
  'demo.tokens': 'Tokens',
  'demo.first': 'First token after',
  'demo.speed': 'Writing speed',
  'demo.memory': 'Memory',
  'welcome.teaching.phantom': 'draws a new phantom and asks',

  'phantom.draw': 'Draw a phantom',
  'phantom.ask': 'Ask about this phantom',
  'phantom.score': '{right} of {asked} right',

  'composer.label': 'Question',
  'composer.placeholder': 'Ask anything',
  'composer.placeholder.teaching': 'Ask about a phantom',
  'composer.hint': 'Enter sends, Shift+Enter starts a new line',
  'composer.send': 'Send',
  'composer.attach.no-vision': 'This model cannot read images',
  'composer.images': 'Attached images',
  'composer.loading': 'The model is opening. You can write your question already.',
  'composer.no-model': 'No model is open. Open one first.',
  'composer.paste-too-long':
    'The pasted text has {length} characters, which is too long: the model cannot read even {limit} at once. Paste only the part you need.',
  'composer.reading-images': 'Reading {count} images',
  'composer.dicom-not-loaded': 'The DICOM dialog could not be loaded. Check the connection and attach the file again.',
  'composer.safety': 'Not for diagnosis or treatment decisions. Answers can be wrong: verify them independently.',

  'chat.log': 'Conversation',
  'chat.you': 'You',
  'chat.model': 'Model',
  'chat.to-bottom': 'To the end',
  'edit.title': 'Edit question',
  'edit.label': 'Question to edit',
  'edit.hint': 'Enter sends, Esc gives up',
  'edit.drops': 'Sending drops the turns after this one ({count}). Esc gives up',
  'edit.send': 'Send edited',
  'chat.measuring':
    'The model is closed while the bench lab measures, and opens again at its end. Opening one now ends the comparison.',
  'edit.dropped': 'The question was edited, and the turns after it ({count}) were dropped.',
  'edit.undo': 'Undo',
  'keep.unavailable': 'This browser allows no storage: the conversation is lost when the page is reloaded or closed.',
  'keep.full':
    'There is too little storage to keep the conversation: what is new is lost when the page is reloaded or closed.',
  'keep.unreadable': 'The kept conversation cannot be read, so a new one begins.',
  'chat.left-out': 'The context is full: messages above this line are no longer sent to the model',
  'answer.image': 'Reading the image ({percent}%)',
  'answer.prefill': 'Reading the question ({done}/{total} tokens)',
  'answer.thinking': 'Thinking',
  'answer.thought': 'Thought process',
  'answer.stopped-empty': 'Stopped before an answer came.',
  'answer.length': 'Ended here at the maximum number of new tokens. Raise it in the settings.',
  'answer.teaching': 'Teaching model',
  'answer.copy': 'Copy',
  'answer.copied': 'Copied',
  'answer.copy-failed': 'The browser did not allow copying',
  'answer.regenerate': 'Answer again',
  'answer.figures': 'First token {first} · {count, plural, one {# token} other {# tokens}} · {rate}',
  'answer.lookup': '{tokens} tokens a step by prompt lookup',
  'answer.seed': 'seed {seed}',
  'failure.context-full.cut': 'The context is full: the answer was cut here',
  'failure.context-full.cut-next': 'Choose how to go on.',
};
