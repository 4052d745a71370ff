import type { ko } from './ko.ts';

export const en: Record<keyof typeof ko, string> = {
  'image.tokens': '{count} images · about {tokens} tokens (context: {context})',
  'image.remove-all': 'Remove all',
  'image.empty': 'The file is empty. Get the original again.',
  'image.cut-off': 'The file ends too early. Get the original again, or export it again.',
  'image.damaged': 'The file is damaged or of a form that is not read. Save it as PNG, JPEG or WebP and attach that.',
  'image.damaged-dicom':
    'The DICOM file is damaged or of a form that is not read. Export it again from the viewer, or save it there as PNG.',

  'image.note.sixteen-bits':
    'A 16-bit file that uses only {bits} bits: its brightness was stretched to them. The model sees it like this too.',
  'image.note.first-frame': 'An animation: the model sees its first frame only.',
  'image.note.transparency': 'The file has transparency: the model sees the colours without it, as shown here.',

  'image.kind.heic':
    'HEIC photos cannot be opened. On an iPhone choose Settings › Camera › Formats › “Most Compatible”, or export the photo as JPEG.',
  'image.kind.tiff': 'TIFF cannot be opened. Save it as PNG in an image viewer and attach that.',
  'image.kind.svg': 'SVG is a drawing without pixels and is not opened. Export it as PNG, or attach a screenshot.',
  'image.kind.pdf': 'PDF cannot be opened. Take a screenshot of the page, or export it as PNG.',
  'image.kind.video': 'Videos cannot be opened. Attach a picture of the moment you mean.',
  'image.kind.jpeg2000': 'JPEG 2000 cannot be opened. Convert it to PNG or JPEG.',
  'image.kind.jpegXl': 'JPEG XL cannot be opened. Convert it to PNG or JPEG.',
  'image.kind.nifti': 'NIfTI cannot be opened. Attach the DICOM files, or export a slice as PNG.',
  'image.kind.photoshop': 'Photoshop files cannot be opened. Export it as PNG.',
  'image.kind.icon': 'Icon files cannot be opened. Convert it to PNG.',
  'image.kind.dicom': 'Attach DICOM in the chat, where its window can be chosen.',

  'dicom.title': 'DICOM images',
  'dicom.lead': 'Choose the window, the range of brightness that the model sees. The files do not leave this device.',
  'dicom.preview': 'What the model will see: {file}',
  'dicom.series': 'Series',
  'dicom.series.option': '{name} · {slices} slices',
  'dicom.series.unnamed': 'without a name',
  'dicom.series.several': 'There are {count} different series. Choose one at a time.',
  'dicom.slice': 'Slice (of {slices})',
  'dicom.window': 'Window',
  'dicom.window.file': 'The file’s window {number}',
  'dicom.window.file-named': 'The file’s window: {name}',
  'dicom.window.full': 'Full range',
  'dicom.window.brain': 'Brain',
  'dicom.window.lung': 'Lung',
  'dicom.window.bone': 'Bone',
  'dicom.window.soft': 'Soft tissue (mediastinum)',
  'dicom.window.ct-colours': 'Three windows of MedGemma 1.5 (red, green, blue)',
  'dicom.window.own': 'Your own',
  'dicom.window.center': 'Center',
  'dicom.window.width': 'Width',
  'dicom.window.unit': 'Unit: HU',
  'dicom.window.none': 'The file has no window: shown from its darkest to its brightest value.',
  'dicom.window.table': 'Shown with the table in the file (VOI LUT).',
  'dicom.colour': 'A colour image has no window.',
  'dicom.private':
    'The file carries identifying elements: {names}. The model gets pixels only; the values are neither sent nor shown anywhere.',
  'dicom.private.none': 'The common identifying elements are empty or missing.',
  'dicom.burned-in':
    'The file says that identifying text is part of the picture itself. Take care where you copy or save it.',
  'dicom.overlay': 'The file has an overlay of marks, which is not drawn.',
  'dicom.attach': 'Attach this slice',
  'dicom.attach.only': 'Attach the image',
  'dicom.attach-many': 'Attach {count} slices',
  'dicom.many.count': 'Slices',
  'dicom.many.hint':
    'Sends {count} of {slices} slices, evenly spaced: about {tokens} tokens, where the context has {free} left.',
  'dicom.many.limit': 'MedGemma 1.5 was trained with up to 85.',
  'dicom.many.ct': 'Sent with the window chosen above. MedGemma 1.5 learnt CT in its three windows.',
  'dicom.many.no-room':
    'The context has no room for two slices. Choose a longer context in the settings, or start a new conversation.',
  'dicom.saving': 'Preparing slice {done} of {total}',
  'dicom.no-room': 'One image takes about {tokens} tokens, and the context has {free} left.',
};
