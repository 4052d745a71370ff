#!/bin/sh
# macOS, Linux: serves this folder. Without execute permission: sh start.command
# macOS, Linux: 이 폴더를 내보냅니다. 실행 권한이 없으면: sh start.command
cd "$(dirname "$0")" || exit 1
if command -v node >/dev/null 2>&1; then exec node serve.mjs "$@"; fi
if command -v python3 >/dev/null 2>&1; then exec python3 serve.py "$@"; fi
echo 'Node or Python 3 is needed. / Node나 Python 3이 필요합니다.'
exit 1
