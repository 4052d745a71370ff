/** What is said of image files before they are sent, and the DICOM dialog. */
export const ko = {
  'image.tokens': '이미지 {count}장 · 약 {tokens}토큰 (컨텍스트 {context}토큰)',
  'image.remove-all': '모두 빼기',
  'image.empty': '빈 파일입니다. 원본을 다시 받아 넣으세요.',
  'image.cut-off': '파일이 중간에 끊겼습니다. 원본을 다시 받거나 다시 내보내 넣으세요.',
  'image.unknown':
    '알려진 이미지가 아닙니다. 글은 복사해 붙여 넣고, 글이나 토크나이저 파일은 토크나이저 랩에 넣으세요. 이미지라면 PNG, JPEG, WebP로 저장해 다시 넣으세요.',
  'image.damaged': '파일이 손상되었거나 열 수 없는 형식입니다. PNG, JPEG, WebP로 저장해 다시 넣으세요.',
  'image.damaged-dicom':
    'DICOM 파일이 손상되었거나 읽지 않는 형식입니다. 뷰어에서 다시 내보내거나 PNG로 저장해 넣으세요.',

  'image.note.more': '외 {count}장',
  'image.note.sixteen-bits':
    '16비트 파일이지만 {bits}비트만 쓰고 있어 그 범위에 맞춰 밝기를 폈습니다. 모델도 이 밝기로 봅니다.',
  'image.note.first-frame': '움직이는 이미지입니다. 모델은 첫 장면만 봅니다.',
  'image.note.transparency': '투명한 부분이 있습니다. 모델은 투명도를 뺀 색을 봅니다(보이는 그대로).',

  'image.kind.heic':
    'HEIC 사진은 열 수 없습니다. iPhone에서는 설정 › 카메라 › 포맷 › ‘높은 호환성’으로 찍거나, 사진 앱에서 JPEG로 내보내세요.',
  'image.kind.tiff': 'TIFF는 열 수 없습니다. 미리보기, 그림판 같은 프로그램에서 PNG로 저장해 넣으세요.',
  'image.kind.svg': 'SVG는 화소가 아닌 도형 파일이라 열지 않습니다. PNG로 내보내거나 화면을 캡처해 넣으세요.',
  'image.kind.pdf': 'PDF는 열 수 없습니다. 필요한 쪽을 화면 캡처하거나 PNG로 내보내세요.',
  'image.kind.video': '동영상은 열 수 없습니다. 보여 주려는 장면을 캡처해 넣으세요.',
  'image.kind.jpeg2000': 'JPEG 2000은 열 수 없습니다. PNG나 JPEG로 변환해 넣으세요.',
  'image.kind.jpegXl': 'JPEG XL은 열 수 없습니다. PNG나 JPEG로 변환해 넣으세요.',
  'image.kind.nifti': 'NIfTI는 열 수 없습니다. 원본 DICOM을 넣거나 단면을 PNG로 내보내세요.',
  'image.kind.photoshop': 'Photoshop 파일은 열 수 없습니다. PNG로 내보내 넣으세요.',
  'image.kind.icon': '아이콘 파일은 열 수 없습니다. PNG로 변환해 넣으세요.',
  'image.kind.dicom': 'DICOM은 채팅에 넣어 주세요. 거기서 윈도를 고를 수 있습니다.',

  'dicom.title': 'DICOM 영상',
  'dicom.lead': '모델이 볼 밝기 범위(윈도)를 고르세요. 파일은 이 기기를 벗어나지 않습니다.',
  'dicom.preview': '모델이 볼 영상: {file}',
  'dicom.series': '시리즈',
  'dicom.series.option': '{name} · {slices}장',
  'dicom.series.unnamed': '이름 없음',
  'dicom.series.several': '서로 다른 시리즈가 {count}개 있습니다. 한 번에 하나씩 고르세요.',
  'dicom.slice': '단면 (전체 {slices}장)',
  'dicom.window': '윈도',
  'dicom.window.file': '파일의 윈도 {number}',
  'dicom.window.file-named': '파일의 윈도: {name}',
  'dicom.window.full': '전체 범위',
  'dicom.window.brain': '뇌',
  'dicom.window.lung': '폐',
  'dicom.window.bone': '뼈',
  'dicom.window.soft': '연부 조직(종격동)',
  'dicom.window.ct-colours': 'MedGemma 1.5의 세 윈도(빨강·초록·파랑)',
  'dicom.window.own': '직접 조절',
  'dicom.window.center': '중심',
  'dicom.window.width': '폭',
  'dicom.window.unit': '단위: HU',
  'dicom.window.none': '파일에 윈도가 없어 가장 어두운 값부터 가장 밝은 값까지 폈습니다.',
  'dicom.window.table': '파일에 든 변환표(VOI LUT)로 보여 줍니다.',
  'dicom.colour': '컬러 영상이라 윈도가 없습니다.',
  'dicom.private':
    '파일에 개인 정보 항목이 들어 있습니다: {names}. 모델에는 화소만 넘기고, 값은 어디에도 보내거나 표시하지 않습니다.',
  'dicom.private.none': '흔한 개인 정보 항목은 비어 있거나 없습니다.',
  'dicom.burned-in':
    '영상 안에 개인 정보가 글자로 새겨져 있다고 파일에 적혀 있습니다. 화면을 옮기거나 저장할 때 주의하세요.',
  'dicom.overlay': '파일에 겹쳐 그린 표시(오버레이)가 있지만 그리지 않습니다.',
  'dicom.attach': '이 단면 넣기',
  'dicom.attach.only': '영상 넣기',
  'dicom.attach-many': '{count}장 넣기',
  'dicom.many.count': '단면 수',
  'dicom.many.hint':
    '{slices}장 가운데 고르게 {count}장을 골라 보냅니다. 약 {tokens}토큰이 들고, 컨텍스트에 {free}토큰이 남아 있습니다.',
  'dicom.many.limit': 'MedGemma 1.5는 85장까지 배웠습니다.',
  'dicom.many.ct': '지금 고른 윈도로 보냅니다. MedGemma 1.5는 CT를 ‘세 윈도’로 배웠습니다.',
  'dicom.many.no-room':
    '컨텍스트에 두 장이 들어갈 자리가 없습니다. 설정에서 컨텍스트를 늘리거나 대화를 새로 시작하세요.',
  'dicom.saving': '단면 {done}/{total}장을 준비하고 있습니다',
  'dicom.no-room': '이 영상 한 장에 약 {tokens}토큰이 드는데 컨텍스트에 {free}토큰만 남아 있습니다.',
} as const;
