/** What people read on the stick, in Korean and English, and its start page. */

/** Where the servers and the texts say that the page stands. */
export const PORT = 8765;

export interface ShownPackage {
  name: string;
  /** Folder on the stick. */
  folder: string;
  /** Origin and terms of the weights; may be empty. */
  terms: string;
}

/** Address of the page with a package, relative to the stick. */
function addressOf(shown: ShownPackage | undefined, isKiosk: boolean): string {
  const query = [...(isKiosk ? ['kiosk'] : []), ...(shown ? [`package=../${shown.folder}/`] : [])].join('&');
  return query === '' ? 'page/' : `page/?${query}`;
}

/** Leads to the page with the first package, on any static server. */
export function startPage([first]: readonly ShownPackage[], isKiosk: boolean): string {
  const address = addressOf(first, isKiosk).replaceAll('&', '&amp;');
  return `<!doctype html>
<html lang="ko">
  <meta charset="utf-8" />
  <link rel="icon" href="page/icons/icon.svg" />
  <meta http-equiv="refresh" content="0; url=${address}" />
  <title>MedGemma 한국어 랩</title>
  <p><a href="${address}">MedGemma 한국어 랩 · MedGemma Korean Lab</a></p>
</html>
`;
}

export function readme(language: 'ko' | 'en', packages: readonly ShownPackage[], isKiosk: boolean): string {
  const list = packages.map((shown) => {
    const address = `http://localhost:${PORT}/${addressOf(shown, isKiosk)}`;
    return `- **${shown.name}**: <${address}>${shown.terms === '' ? '' : `\n  ${shown.terms.replaceAll('\n', '\n  ')}`}`;
  });
  return language === 'ko' ? korean(list.join('\n')) : english(list.join('\n'));
}

function english(packages: string): string {
  return `# MedGemma Korean Lab on a stick

[한국어](README.ko.md)

The page, its models and a small server. Nothing here needs a network.

## Start

| system       | do                                                                                                    |
| ------------ | ----------------------------------------------------------------------------------------------------- |
| Windows      | double-click \`start.bat\`, or: \`powershell -ExecutionPolicy Bypass -File serve.ps1\`                    |
| macOS, Linux | \`sh start.command\` in this folder                                                                     |
| with Node    | \`node serve.mjs\`                                                                                      |
| with Python  | \`python3 serve.py\` (Windows: \`py serve.py\`)                                                           |

Each takes another port as its last word: \`node serve.mjs 8766\`. Then open <http://localhost:${PORT}/> in a current Chrome or Edge. It must be \`localhost\`: under the number of a computer in the network
browsers give the page no GPU. Opening \`index.html\` as a file does not work, because browsers load no modules from \`file:\`.

The browser copies an opened model into its own storage, so that the next start is quick; the page itself is kept too, and opens
without the server from then on.

## Models
${packages === '' ? '\nThe built-in teaching model only.' : `\n${packages}`}

The first one opens by itself. Whoever gives this stick away passes the weights on, and keeps to their terms.

## Check the copy

\`sha256sum --quiet -c SHA256SUMS\` (macOS: \`shasum -a 256 --quiet -c SHA256SUMS\`) in this folder prints nothing when every file is whole.
`;
}

function korean(packages: string): string {
  return `# USB에 담은 MedGemma 한국어 랩

[English](README.md)

페이지와 모델, 작은 서버가 들어 있습니다. 네트워크가 없어도 됩니다.

## 시작하기

| 시스템       | 할 일                                                                                            |
| ------------ | ------------------------------------------------------------------------------------------------ |
| Windows      | \`start.bat\`을 두 번 누르거나 \`powershell -ExecutionPolicy Bypass -File serve.ps1\`을 실행합니다 |
| macOS, Linux | 이 폴더에서 \`sh start.command\`                                                                   |
| Node가 있으면 | \`node serve.mjs\`                                                                                 |
| Python이 있으면 | \`python3 serve.py\` (Windows에서는 \`py serve.py\`) |

명령 끝에 다른 포트를 쓸 수 있습니다(\`node serve.mjs 8766\`). 그다음 최신 Chrome이나 Edge에서 <http://localhost:${PORT}/>을 엽니다. 주소는 꼭 \`localhost\`여야 합니다. 네트워크의 다른 주소로 열면
브라우저가 GPU를 쓰지 못하게 합니다. \`index.html\`을 파일로 열면 동작하지 않습니다. 브라우저는 \`file:\`에서 모듈을 불러오지 않습니다.

연 모델은 브라우저가 자기 저장소에 복사해 두므로 다음에는 빨리 열립니다. 페이지도 저장되어, 그 뒤로는 서버 없이도 열립니다.

## 모델
${packages === '' ? '\n내장 교육용 모델만 있습니다.' : `\n${packages}`}

첫 번째 모델이 저절로 열립니다. 이 USB를 남에게 주면 가중치를 배포하는 것이므로 그 약관을 지켜야 합니다.

## 복사가 온전한지 확인하기

이 폴더에서 \`sha256sum --quiet -c SHA256SUMS\`(macOS에서는 \`shasum -a 256 --quiet -c SHA256SUMS\`)를 실행합니다. 모든 파일이 온전하면 아무것도 출력하지 않습니다.
`;
}
