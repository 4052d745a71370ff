/** Example pairs, written for this lab, to measure before the visitor adds pairs. Too few to draw conclusions from. */
export const examplePairs = [
  ['The patient has had a fever and a cough for three days.', '환자는 사흘 전부터 열이 나고 기침을 합니다.'],
  ['Do you have any allergies to medication?', '약물 알레르기가 있으신가요?'],
  ['Blood pressure was 150 over 95, and the pulse was regular.', '혈압은 150에 95였고 맥박은 규칙적이었습니다.'],
  ['Take this medicine twice a day after meals.', '이 약은 하루에 두 번, 식사 후에 드세요.'],
  ['The chest radiograph shows no sign of pneumonia.', '흉부 X선 사진에서 폐렴 소견은 보이지 않습니다.'],
  ['Chronic kidney disease often has no symptoms at first.', '만성 콩팥병은 초기에 증상이 없는 경우가 많습니다.'],
  ['Please come back if the pain gets worse.', '통증이 심해지면 다시 오세요.'],
  ['It rained all morning, so we stayed at home.', '오전 내내 비가 와서 우리는 집에 있었습니다.'],
  ['The train to Busan leaves from platform four.', '부산행 열차는 4번 승강장에서 출발합니다.'],
  ['She has worked at the city library since 2012.', '그녀는 2012년부터 시립 도서관에서 일하고 있습니다.'],
]
  .map((pair) => pair.join('\t'))
  .join('\n');
