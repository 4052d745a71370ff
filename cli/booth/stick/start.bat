@echo off
rem Windows: serves this folder with what the computer has.
cd /d "%~dp0"
where node >nul 2>nul
if %errorlevel%==0 (node serve.mjs %*) else (powershell -NoProfile -ExecutionPolicy Bypass -File serve.ps1 %*)
pause
