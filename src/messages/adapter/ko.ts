export const ko = {
  'adapter.as-table': '표로 보기',
  'adapter.norms.measuring': '가중치의 크기 ‖W‖를 재는 중입니다',
  'adapter.norms.unknown':
    '이 패키지의 가중치를 읽을 수 없어 ‖W‖에 견준 비율은 낼 수 없습니다. 더하는 값의 크기만 보입니다.',
  'adapter.heat': '층과 행렬마다 바뀌는 정도',
  'adapter.heat.cell': '{layer}층 {target}: {value}',
  'adapter.heat.layer': '층',
  'adapter.heat.hint': '화살표 키로 칸을 옮겨 다닙니다. 고른 칸의 특잇값이 아래에 나옵니다.',
  'adapter.singular': '{layer}층 {target}의 특잇값',
  'adapter.singular.facts': '{rows} × {columns} 행렬에 랭크 {rank}의 변화를 더합니다. 지금 크기는 {update}입니다.',
  'adapter.singular.kept': '특잇값 {of}개 가운데 {kept}개를 남겨 제곱합의 {share}를 지켰습니다.',
  'adapter.singular.first': '첫 특잇값 하나가 제곱합의 {share}를 차지합니다.',
  'adapter.singular.number': '순서',
  'adapter.singular.value': '특잇값',
  'adapter.singular.share': '여기까지의 제곱합',
} as const;
