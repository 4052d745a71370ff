export const ko = {
  'welcome.title': '설치 없이 브라우저에서 바로 답하는 AI',
  'welcome.lead':
    'MedGemma 같은 Gemma 3 계열 모델을 이 브라우저에서 실행합니다. 질문과 이미지는 이 기기를 떠나지 않습니다.',
  'welcome.lead.gpu':
    'Gemma 3 계열 모델을 설치 없이 이 컴퓨터의 GPU에서 실행합니다. 질문과 이미지는 이 기기를 떠나지 않습니다.',
  'welcome.lead.cpu':
    'Gemma 3 계열 모델을 설치 없이 이 컴퓨터의 CPU에서 실행합니다. 질문과 이미지는 이 기기를 떠나지 않습니다.',
  'welcome.random.title': '무작위 값으로 채운 모델',
  'welcome.random.lead':
    '학습하지 않은 모델이라 답에는 아무 뜻이 없습니다. 화면이 어떻게 움직이는지, 이 기기에서 얼마나 빠르고 메모리를 얼마나 쓰는지 살펴볼 수 있습니다.',
  'welcome.try': '이렇게 물어보세요',
  'welcome.example.3': '이 이미지에서 보이는 것을 차례대로 설명해 주세요.',
  'welcome.example.image': '이미지 필요',

  'welcome.teaching.title': '그림을 보고 답하는 작은 AI',
  'welcome.teaching.lead':
    'MedGemma와 구조가 같은 아주 작은 교육용 모델입니다. 팬텀이라는 연습용 그림을 보고 한국어와 영어로 답합니다. 팬텀은 무엇을 그렸는지 알고 있는 그림이라, 답이 맞았는지 바로 보여 드립니다.',
  'welcome.teaching.phantom': '새 팬텀을 그려 물어봅니다',

  'phantom.draw': '팬텀 그리기',
  'phantom.ask': '이 팬텀에 대해 물어보세요',
  'phantom.score': '{asked}개 중 {right}개 맞음',

  'composer.label': '질문',
  'composer.placeholder': '무엇이든 물어보세요',
  'composer.hint': 'Enter로 보내고 Shift+Enter로 줄을 바꿉니다',
  'composer.send': '보내기',
  'composer.attach.no-vision': '이 모델은 이미지를 읽지 못합니다',
  'composer.images': '첨부한 이미지',
  'composer.loading': '모델을 여는 중입니다. 질문은 미리 적어 둘 수 있습니다.',
  'composer.no-model': '열린 모델이 없습니다. 먼저 모델을 여세요.',
  'composer.paste-too-long':
    '붙여 넣은 글이 {length}자로 너무 깁니다. 모델은 {limit}자도 한 번에 읽지 못합니다. 필요한 부분만 붙여 넣으세요.',
  'composer.reading-images': '이미지 {count}개를 읽고 있습니다',
  'composer.dicom-not-loaded': 'DICOM 화면을 불러오지 못했습니다. 연결을 확인하고 파일을 다시 넣으세요.',
  'composer.safety': '진단이나 치료를 결정하는 데 쓰지 마세요. 답은 틀릴 수 있으니 반드시 따로 확인하세요.',

  'chat.log': '대화',
  'chat.you': '나',
  'chat.model': '모델',
  'chat.to-bottom': '맨 아래로',
  'edit.title': '질문 고치기',
  'edit.label': '고칠 질문',
  'edit.hint': 'Enter로 보내고 Esc로 그만둡니다',
  'edit.drops': '보내면 이 뒤의 질문과 답 {count}개가 빠집니다. Esc로 그만둡니다',
  'edit.send': '고쳐서 보내기',
  'chat.measuring':
    '벤치 랩에서 재는 동안 모델을 닫아 두었습니다. 끝나면 다시 엽니다. 지금 모델을 열면 비교가 멈춥니다.',
  'edit.dropped': '질문을 고쳐 그 뒤의 질문과 답 {count}개를 뺐습니다.',
  'edit.undo': '되돌리기',
  'keep.unavailable': '이 브라우저가 저장을 허락하지 않아, 페이지를 새로 고치거나 닫으면 대화가 사라집니다.',
  'keep.full':
    '저장 공간이 모자라 대화를 저장하지 못했습니다. 페이지를 새로 고치거나 닫으면 새로 나눈 대화가 사라집니다.',
  'keep.unreadable': '저장해 둔 대화를 읽을 수 없어 새 대화로 시작합니다.',
  'chat.left-out': '컨텍스트에 자리가 없어 이 위의 대화는 모델에 보내지 않습니다',
  'answer.image': '이미지를 읽고 있습니다 ({percent}%)',
  'answer.prefill': '질문을 읽고 있습니다 ({done}/{total}토큰)',
  'answer.thinking': '생각하는 중',
  'answer.thought': '생각 과정',
  'answer.stopped-empty': '답이 나오기 전에 멈췄습니다.',
  'answer.length': '최대 새 토큰 수에 닿아 여기서 끝났습니다. 설정에서 늘릴 수 있습니다.',
  'answer.teaching': '교육용 모델',
  'answer.copy': '복사',
  'answer.copied': '복사했습니다',
  'answer.copy-failed': '브라우저가 복사를 막았습니다',
  'answer.regenerate': '다시 답하기',
  'answer.figures': '첫 토큰 {first} · {count, number}토큰 · {rate}',
  'answer.lookup': '프롬프트 조회로 한 번에 {tokens}토큰',
  'answer.seed': '시드 {seed}',
  'failure.context-full.cut': '컨텍스트가 가득 차 답이 여기서 끊겼습니다',
  'failure.context-full.cut-next': '어떻게 이어 갈지 고르세요.',
} as const;
