/** Example texts, written for this lab; `tokenizer.example.<name>` is the title of each in the messages. */
export const examples = {
  clinical:
    '68세 남자 환자가 두 시간 전부터 시작된 가슴 통증으로 응급실에 왔습니다. 고혈압과 제2형 당뇨병으로 약을 먹고 있으며, 심전도에서 ST분절 상승이 보여 급성 심근경색을 의심했습니다.\n' +
    '흉부 X선 사진에서 폐부종이나 기흉의 소견은 없었습니다. 아스피린 300mg을 투여하고 관상동맥 조영술을 준비했습니다.',
  everyday:
    '어제는 퇴근길에 갑자기 소나기가 쏟아져서 편의점에서 우산을 하나 샀어요. 집에 와서 따뜻한 된장찌개를 끓여 먹으니까 몸이 좀 풀리더라고요.\n' +
    '주말에는 부모님을 모시고 바닷가에 다녀오려고 합니다. 날씨가 맑았으면 좋겠네요!',
  english:
    'A 68-year-old man came to the emergency department with chest pain that had begun two hours earlier. He takes medication for high blood pressure and type 2 diabetes.\n' +
    'The chest radiograph showed neither pulmonary oedema nor pneumothorax.',
  french:
    'Un homme de 68 ans se présente aux urgences pour une douleur thoracique apparue deux heures plus tôt. Il est traité pour une hypertension artérielle et un diabète de type 2.\n' +
    'La radiographie du thorax ne montre ni œdème pulmonaire ni pneumothorax.',
  mixed:
    'CT angiography에서 LAD proximal 70% stenosis가 확인되어 PCI를 시행하였음. 시술 후 BP 128/76 mmHg, HR 72회/분, SpO₂ 98%로 안정적임.\n' +
    '퇴원약: aspirin 100mg qd, clopidogrel 75mg qd, atorvastatin 40mg hs.',
  emoji: '오늘 기분은 😀인데 내일은 🫠일지도 몰라요. 가족 👨‍👩‍👧‍👦, 깃발 🇰🇷, 옛한글 ᄒᆞᆫ글, 희귀 음절 뷁쀍, 한자 鬱.',
} as const;

export type ExampleName = keyof typeof examples;

export const exampleNames: readonly ExampleName[] = ['clinical', 'everyday', 'mixed', 'english', 'french', 'emoji'];
