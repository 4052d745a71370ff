# Windows: serves this folder, to this computer only, with what Windows brings. The server is in serve.cs.
#   powershell -ExecutionPolicy Bypass -File serve.ps1 [-Port 8766]
param([int]$Port = 8765)
Add-Type -TypeDefinition ([IO.File]::ReadAllText("$PSScriptRoot\serve.cs"))
try {
  $server = New-Object BoothServer -ArgumentList $PSScriptRoot, $Port
} catch {
  Write-Host "port ${Port} cannot be used: $($_.Exception.Message)"
  Write-Host "try: powershell -ExecutionPolicy Bypass -File serve.ps1 -Port $($Port + 1)"
  exit 1
}
Write-Host "http://localhost:${Port}/   (Ctrl+C)"
# In short waits, so that Ctrl+C is heard.
try { while ($true) { Start-Sleep -Seconds 1 } } finally { $server.Dispose() }
