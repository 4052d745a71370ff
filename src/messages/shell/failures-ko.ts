import { choices } from './choices.ts';
import { examProblem } from './exam-file-ko.ts';
import { kind, next } from './kinds-ko.ts';

const testPart = choices(
  'part',
  {
    prefill: '질문 읽기(prefill)',
    decode: '토큰 생성(decode)',
    choice: '토큰 고르기(argmax)',
    image: '이미지 인코딩',
    imagePrefill: '이미지가 있는 질문 읽기',
  },
  '{part}',
);

/** A row of PrepareRequest. */
const row = choices(
  'set',
  { trained: '질문이 ‘{question}’인 행', heldOut: '질문이 ‘{question}’인 따로 둔 행', fixed: '고정 질문 ‘{question}’' },
  '어떤 행',
);
/** Of an argument in bytes. */
const gigabytes = (name: string) => `{${name}, number, ::scale/0.000000001 .0} GB`;

/** What went wrong and what to do next, by the codes of core/failure.ts. */
export const failures = {
  'failure.detail': '자세한 내용',
  'failure.stopped.title': '작업을 멈추었습니다',
  'failure.stopped.next': '원하면 다시 시도하세요.',
  'failure.worker-restarted.title': '응답하지 않는 다른 작업과 함께 끝났습니다',
  'failure.worker-restarted.next': '다시 시도하세요.',
  'failure.worker-crashed.title': '계산이 중단되었습니다',
  'failure.worker-crashed.next': '다시 시도하세요. 계속되면 페이지를 새로 고치세요.',
  'failure.worker-not-started.title': '브라우저가 계산을 시작하지 못하게 했습니다',
  'failure.worker-not-started.next':
    '다른 탭을 닫거나, 이 페이지의 스크립트를 막는 확장 프로그램을 끄고 다시 시도하세요.',
  'failure.export-refused.title': '이 체크포인트로는 패키지를 만들 수 없습니다',
  'failure.export-refused.next': '위는 명령줄과 같은 설명입니다. 체크포인트를 고치거나 다른 것을 고르세요.',
  'failure.checkpoint-changed.title': '시작할 때와 다른 체크포인트입니다: {file}',
  'failure.checkpoint-changed.next':
    '다른 가중치를 섞지 않으려고 멈추었습니다. 이 기기에 있는 모델에서 만들다 만 것을 지우고 처음부터 만드세요.',
  'failure.making-outdated.title': '페이지의 다른 버전이 시작한 패키지입니다',
  'failure.making-outdated.next':
    '이 버전은 다른 바이트를 씁니다. 이 기기에 있는 모델에서 만들다 만 것을 지우고 처음부터 만드세요.',
  'failure.package-unfinished.title': '아직 다 만들지 않은 패키지입니다: {name}',
  'failure.package-unfinished.next': '이어서 만들거나 지우세요.',
  'failure.no-ranges.title': '서버가 파일의 일부만 보내지 못합니다: {file}',
  'failure.no-ranges.next': 'HTTP 범위 요청(Range)을 지원하는 서버에 두거나, 내려받은 폴더를 고르세요.',
  'failure.place': '({line}번째 줄, {column}번째 글자)',
  'failure.json-syntax.title': 'JSON이 잘못되었습니다: {file}',
  'failure.json-syntax.next': '파일이 중간에 끊기지 않았는지 확인하고 다시 받으세요.',
  'failure.unknown-file.title': '토크나이저 파일이 아닙니다: {file}',
  'failure.unknown-file.next':
    'JSON도 SentencePiece 모델도 아닙니다. tokenizer.json, .model, 한국어 팩, 글(.txt), 병렬 문장(.tsv)을 열 수 있습니다.',
  'failure.not-a-tokenizer.title': 'tokenizer.json이 아니거나 내용이 잘못되었습니다: {file}',
  'failure.not-a-tokenizer.next': 'Hugging Face 저장소의 tokenizer.json을 그대로 여세요.',
  'failure.unsupported-tokenizer.title': '지원하지 않는 기능이 있는 토크나이저입니다: {file}',
  'failure.unsupported-tokenizer.next':
    '파일이 손상된 것은 아닐 수 있지만 {part} 항목의 {feature}은(는) 여기서 정확히 실행하지 못하므로 토큰을 세지 않습니다. 같은 모델의 다른 형식(tokenizer.json, .model)을 열거나 Python의 tokenizers로 세세요.',
  'failure.other-file.title': `${kind}: {file}`,
  'failure.other-file.next': next,
  'failure.sentencepiece.title': 'SentencePiece 모델을 읽을 수 없습니다: {file}',
  'failure.sentencepiece.next': '파일이 온전한지 확인하고, 같은 모델의 tokenizer.json이 있으면 그것을 여세요.',
  'failure.pack.title': '한국어 팩이 잘못되었습니다: {file}',
  'failure.pack.next': '이 랩이나 npm run korean -- train으로 만든 팩을 여세요.',
  'failure.pack-base.title': '다른 토크나이저를 위한 팩입니다: {file}',
  'failure.pack-base.next':
    '이 팩은 SHA-256이 {found}…인 토크나이저에 맞추어 만들었고, 여기 있는 Gemma 3는 {expected}…입니다. 같은 기본 토크나이저로 팩을 다시 만드세요.',
  'failure.no-base.title': '기본 토크나이저가 없어 팩을 열 수 없습니다: {file}',
  'failure.no-base.next': '기본 토크나이저를 먼저 불러온 뒤 다시 시도하세요.',
  'failure.encoding.title': 'UTF-8 파일이 아닙니다: {file}',
  'failure.encoding.next': '편집기에서 UTF-8로 다시 저장해 여세요. 오래된 한글 파일은 EUC-KR일 수 있습니다.',
  'failure.exam-file.title': '시험 문제를 읽을 수 없습니다: {file}',
  'failure.exam-file.next': examProblem,
  'failure.unknown-encoding.title': 'UTF-8, UTF-16, CP949가 모두 아닙니다: {file}',
  'failure.unknown-encoding.next':
    '편집기에서 UTF-8로 저장한 뒤 다시 여세요. 글이 아닌 다른 종류의 파일일 수도 있습니다.',
  'failure.pair-without-tab.title': '열로 나눌 수 없습니다: {file}',
  'failure.pair-without-tab.next':
    '탭으로도 쉼표로도 열이 나뉘지 않습니다. 한 줄에 한 쌍씩, 두 문장 사이에 탭을 하나 넣으세요.',
  'failure.pair-no-korean.title': '한국어 열이 없습니다: {file}',
  'failure.pair-no-korean.next':
    '한글이 든 칸이 하나도 없습니다. 한 줄에 한 쌍씩, 영어와 한국어를 탭으로 나누어 넣으세요.',
  'failure.pair-no-english.title': '영어 열이 없습니다: {file}',
  'failure.pair-no-english.next':
    '한국어 열 말고 영어 문장이 든 열이 없습니다. 한 줄에 한 쌍씩, 영어와 한국어를 탭으로 나누어 넣으세요.',
  'failure.pair-half-empty.title': '짝이 맞는 문장이 없습니다: {file}',
  'failure.pair-half-empty.next': '모든 행에서 두 문장 중 하나가 비어 있습니다. 두 열을 모두 채우세요.',
  'failure.no-pairs.title': '{file}에 문장이 없습니다',
  'failure.no-pairs.next': '한 줄에 한 쌍씩, 영어와 한국어를 탭으로 나누어 넣으세요.',
  'failure.text-too-long.title': '글이 너무 깁니다: {file}',
  'failure.text-too-long.next': '{length, number}자입니다. {limit, number}자까지 바로 비교할 수 있으니 나누어 여세요.',
  'failure.not-found.title': '찾을 수 없습니다: {id}',
  'failure.not-found.next': '저장소 이름을 확인하세요. tokenizer.json이 없는 저장소는 쓸 수 없습니다.',
  'failure.terms-not-accepted.title': 'MedGemma를 열려면 먼저 이용 약관에 동의해야 합니다: {name}',
  'failure.terms-not-accepted.next':
    '약관이 무엇을 요구하는지 읽고 동의하면 바로 엽니다. 가중치는 아직 받지 않았습니다.',
  'failure.gated.title': '권한이 있어야 받을 수 있는 저장소입니다: {id}',
  'failure.gated.host': '{host} 서버가 접근을 거절했습니다 (HTTP {status})',
  'failure.gated.next':
    'MedGemma처럼 약관에 동의해야 하는 저장소이거나, 비공개이거나, 그런 이름의 저장소가 없습니다. 저장소 페이지에서 약관에 동의한 뒤 읽기 권한이 있는 액세스 토큰을 넣거나, 내려받아 둔 폴더를 여세요.',
  'failure.gated.host-next':
    '이 주소를 볼 권한이 있는지 확인하세요. 액세스 토큰을 넣거나, 내려받아 둔 폴더를 열 수 있습니다.',
  'failure.gated.bad-token':
    '보낸 액세스 토큰을 받아들이지 않았습니다. 만료되었거나 잘못 옮겨 적지 않았는지 확인하세요.',
  'failure.gated.no-access':
    '보낸 액세스 토큰으로는 볼 수 없습니다. 토큰의 계정으로 약관에 동의했는지, 토큰에 읽기 권한이 있는지 확인하세요.',
  'failure.gated.page': '약관을 보고 동의하기: {address}',
  'failure.too-large.title': '파일이 너무 큽니다: {file}',
  'failure.too-large.next':
    '{limit, number}바이트까지 엽니다. 다른 파일을 고르지 않았는지 확인하세요. 큰 글은 npm run korean -- train으로 학습할 수 있습니다.',
  'failure.no-text.title': '학습할 글이 비어 있습니다',
  'failure.no-text.next': '글을 붙여 넣거나 파일을 고르세요.',
  'failure.no-hangul.title': '글에 한글이 없습니다',
  'failure.no-hangul.next': '{sentences, number}문장을 읽었지만 한글이 없습니다. 한국어 글을 넣으세요.',
  'failure.too-little.title': '학습할 문장이 너무 적습니다',
  'failure.too-little.next':
    '서로 다른 문장이 {sentences, number}개입니다. 열에 하나를 남겨 두고 재려면 {least, number}개 이상이 필요합니다. 글을 더 넣으세요.',
  'failure.no-pair.title': '자주 이웃하는 짝이 없습니다',
  'failure.no-pair.next': '{frequency, number}번 이상 이웃하는 짝이 없습니다. 최소 빈도를 낮추거나 글을 더 넣으세요.',
  'failure.file-missing.title': '패키지에 파일이 빠져 있습니다: {file}',
  'failure.file-missing.next': '폴더나 주소가 맞는지 확인하고, 빠진 파일을 채운 뒤 다시 여세요.',
  'failure.file-broken.title': '파일을 읽을 수 없습니다: {file}',
  'failure.file-broken.next': '파일을 다시 내려받거나 다시 내보낸 뒤 여세요.',
  'failure.file-gone.title': '파일을 더 이상 읽을 수 없습니다',
  'failure.file-gone.next':
    'USB 메모리가 빠졌거나, 파일이 옮겨지거나 바뀌거나 지워졌을 수 있습니다. 대화는 그대로 있습니다. USB 메모리를 도로 꽂은 뒤 다시 시도하세요. 파일이 바뀌었다면 폴더를 새로 고르세요.',
  'failure.embedding-unreadable.title': '이 패키지의 임베딩 행렬은 읽을 수 없습니다: {file}',
  'failure.embedding-unreadable.next':
    '대화에는 문제가 없습니다. 이 프로젝트의 변환기로 만든 패키지에서는 임베딩을 볼 수 있습니다.',
  'failure.hash-mismatch.title': '파일 내용이 기록과 다릅니다: {file}',
  'failure.hash-mismatch.next': '내려받다가 손상됐을 수 있습니다. 이 파일을 다시 받으세요.',
  'failure.network.title': '연결에 실패했습니다',
  'failure.network.next': '인터넷 연결과 주소를 확인하고 다시 시도하세요. 내려받은 폴더로 열 수도 있습니다.',
  'failure.network.stalled': '서버가 응답하다 멈췄습니다',
  'failure.cut-off.title': '서버가 보내다가 연결을 끊습니다: {file}',
  'failure.cut-off.next':
    '{bytes, number}바이트까지 받았습니다. 다시 시도하면 서버가 허락하는 한 그 뒤부터 이어 받습니다.',
  'failure.wrong-length.title': '파일 길이가 기록과 다릅니다: {file}',
  'failure.wrong-length.next':
    '서버의 파일은 {bytes, number}바이트이고 manifest.json에는 {expected, number}바이트로 적혀 있습니다. 서버에 파일이 끝까지 올라갔는지 확인하세요.',
  'failure.storage-full.title': '브라우저의 저장 공간이 가득 찼습니다',
  'failure.storage-full.next': '디스크를 비우거나 이 사이트의 저장된 데이터를 지운 뒤 다시 시도하세요.',
  'failure.storage-locked.title': '다른 탭이 같은 파일을 쓰고 있습니다',
  'failure.storage-locked.next': '그 탭에서 다 받을 때까지 기다리거나 그 탭을 닫고 다시 시도하세요.',
  'failure.no-storage.title': '브라우저가 이 페이지에 저장 공간을 주지 않습니다',
  'failure.no-storage.next':
    '시크릿 창에서 그럴 수 있습니다. 모델을 이 기기에 저장하려면 일반 창에서 여세요. 여기에서도 모델을 열 수는 있지만 열 때마다 다시 받습니다.',
  'failure.offline.title': '인터넷에 연결되어 있지 않습니다',
  'failure.offline.next': '연결한 뒤 다시 시도하세요. 내려받아 둔 파일은 연결 없이도 열 수 있습니다.',
  'failure.rate-limited.title': '{host}에 요청이 너무 많았습니다',
  'failure.rate-limited.next': '잠시 기다렸다가 다시 시도하세요.',
  'failure.rate-limited.after': '서버가 {retryAfter, number}초 뒤에 다시 오라고 합니다. 그 뒤에 다시 시도하세요.',
  'failure.server-error.title': '{host} 서버에 문제가 있습니다 (HTTP {status})',
  'failure.server-error.next': '이 기기의 문제가 아닙니다. 잠시 뒤에 다시 시도하세요.',
  'failure.unsupported-package.title': '이 엔진이 실행할 수 없는 패키지입니다',
  'failure.unsupported-package.next': 'Gemma 3 구조의 transformers.js 패키지를 여세요.',
  'failure.gpu-feature-missing.title': '이 GPU에 필요한 기능이 없습니다: {feature}',
  'failure.gpu-feature-missing.next': '다른 정밀도의 패키지를 열거나 CPU로 실행하세요.',
  'failure.insecure-context.title': '이 주소에서는 브라우저가 모델을 열지 못하게 합니다',
  'failure.insecure-context.next':
    'https:// 주소나 이 기기의 http://localhost로 여세요. 그 밖의 http 주소에서는 WebGPU, 저장소, 해시를 쓸 수 없습니다.',
  'failure.too-large-for-cpu.title': 'CPU로 실행하기에는 모델이 너무 큽니다',
  'failure.too-large-for-cpu.next': 'WebGPU가 되는 브라우저에서 열거나 더 작은 패키지를 여세요.',
  'failure.out-of-memory.title': '메모리가 부족합니다',
  'failure.out-of-memory.next': '컨텍스트 길이를 줄이거나 더 작은 패키지를 여세요. 다른 탭을 닫는 것도 도움이 됩니다.',
  'failure.self-test.title': '이 기기에서는 이 모델이 틀린 값을 냅니다',
  'failure.self-test.next': `패키지에 적힌 값과 비교해 보니 ‘${testPart}’ 단계에서 다릅니다. 틀린 답을 보여 주지 않으려고 열지 않았습니다. 다른 패키지를 열거나 브라우저와 그래픽 드라이버를 업데이트한 뒤 다시 시도하세요.`,
  'failure.device-lost.title': 'GPU 연결이 끊겼습니다',
  'failure.device-lost.next': '대화는 그대로 있습니다. 모델을 다시 열어 이어서 쓸 수 있습니다.',
  'failure.image-unreadable.title': '이미지를 읽을 수 없습니다: {name}',
  'failure.image-unreadable.next': 'PNG, JPEG, WebP로 저장해 다시 첨부하거나 이미지 없이 보내세요.',
  'failure.image-kind.title': '이미지로 보낼 수 없는 파일입니다: {name}',
  'failure.image-kind.next': `${kind}. PNG, JPEG, WebP로 저장해 다시 첨부하세요. DICOM 파일은 채팅에 첨부하면 윈도를 고를 수 있습니다.`,
  'failure.dicom-compressed.title': '열 수 없는 방식으로 압축된 DICOM입니다: {name}',
  'failure.dicom-compressed.next':
    '압축 방식: {syntax}. 뷰어나 PACS에서 압축하지 않은 형식(Explicit VR Little Endian)으로 내보내거나 PNG로 저장하세요.',
  'failure.no-vision.title': '이 모델은 이미지를 읽지 못합니다',
  'failure.no-vision.next': '비전 인코더가 있는 패키지를 열거나 이미지 없이 보내세요.',
  'failure.context-full.title': '대화가 컨텍스트 길이를 넘었습니다',
  'failure.context-full.next':
    '{needed, number}토큰이 필요하지만 {limit, number}토큰까지 담을 수 있습니다. 어떻게 할지 고르세요.',
  'failure.context-full.alone': '질문 하나가 컨텍스트보다 {over, number}토큰 깁니다',
  'failure.context-full.shorten':
    '앞선 대화를 빼도 들어가지 않습니다. 질문이나 시스템 지시문을 줄이세요. {limit, number}토큰까지 담을 수 있습니다.',
  'failure.context-full.fewer-images':
    '앞선 대화를 빼도 들어가지 않습니다. 이미지를 빼거나 글을 줄이세요. 이미지는 한 장에 {perImage, number}토큰이고, {limit, number}토큰까지 담을 수 있습니다.',
  'failure.adapter-refused.title': '이 어댑터는 쓸 수 없습니다: {file}',
  'failure.adapter-refused.next':
    '이 모델에서 학습한 LoRA 어댑터의 adapter_config.json과 adapter_model.safetensors를 온전한 파일로 여세요. 전에 걸려 있던 어댑터는 그대로입니다.',
  'failure.no-lora-branches.title': '이 패키지에는 어댑터를 걸 수 없습니다: {file}',
  'failure.no-lora-branches.next':
    '디코더 그래프의 행렬 곱 이름이 알려진 것과 달라 어댑터를 붙일 자리를 찾지 못했습니다. 이 프로젝트의 변환기로 만든 패키지를 여세요.',
  'failure.training-refused.title': '이대로는 학습할 수 없습니다',
  'failure.training-refused.next': '아래 자세한 내용을 확인하세요.',
  'failure.training-refused.rows': '학습할 행이 없습니다',
  'failure.training-refused.rows-next': '과제를 고르거나 질문과 답을 직접 적으세요.',
  'failure.training-refused.answer': `토크나이저가 이 답을 쓸 수 없습니다: ${row}`,
  'failure.training-refused.answer-next':
    '이 토크나이저로 옮기면 ‘{answer}’에서 ‘{written}’만 남아 모델이 이 답을 낼 방법이 없습니다. 표현을 바꾸거나 토크나이저가 다른 모델을 학습하세요.',
  'failure.training-refused.length': `학습하기에는 너무 깁니다: ${row}`,
  'failure.training-refused.length-next':
    '이미지까지 {tokens, number}토큰인데 모델의 위치는 {limit, number}개입니다. 질문이나 답을 줄이세요.',
  'failure.training-refused.rank': '{target}에는 랭크가 너무 큽니다: {rank, number}',
  'failure.training-refused.rank-next':
    '행렬의 크기가 {outputs, number} × {inputs, number}입니다. 랭크는 둘 중 작은 수를 넘을 수 없으니 줄이거나 다른 프로젝션을 고르세요.',
  'failure.training-refused.targets': '학습할 프로젝션을 고르지 않았습니다',
  'failure.training-refused.targets-next': '하나 이상 고르세요.',
  'failure.training-refused.memory': '탭 안에서 학습하기에는 모델이 너무 큽니다: {name}',
  'failure.training-refused.memory-next': `메모리가 적어도 ${gigabytes('bytes')} 필요한데 탭이 쓸 수 있는 것은 ${gigabytes('limit')}입니다. 큰 GPU가 있는 컴퓨터에서 training/의 Python 코드로 같은 데이터를 학습할 수 있습니다. 여기서는 더 작은 모델을 고르세요.`,
  'failure.no-model.title': '열린 모델이 없습니다',
  'failure.no-model.next': '모델을 연 뒤 다시 보내세요.',
  'failure.busy.title': '다른 작업이 아직 끝나지 않았습니다',
  'failure.busy.next': '잠시 뒤 다시 시도하세요.',
  'failure.runtime.title': '실행 중에 오류가 났습니다',
  'failure.runtime.next': '모델을 다시 열어 보세요. 계속되면 아래 내용을 알려 주세요.',
} as const;
