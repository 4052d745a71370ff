# Windows: serves this folder, to this computer only, with what Windows brings.
#   powershell -ExecutionPolicy Bypass -File serve.ps1
param([int]$Port = 8765)
$root = [IO.Path]::GetFullPath($PSScriptRoot).TrimEnd('\') + '\'
$types = @{
  '.css' = 'text/css; charset=utf-8'; '.html' = 'text/html; charset=utf-8'; '.js' = 'text/javascript; charset=utf-8'
  '.json' = 'application/json; charset=utf-8'; '.mjs' = 'text/javascript; charset=utf-8'; '.png' = 'image/png'
  '.svg' = 'image/svg+xml'; '.wasm' = 'application/wasm'; '.woff2' = 'font/woff2'
}
$listener = New-Object Net.HttpListener
$listener.Prefixes.Add("http://localhost:$Port/")
$listener.Start()
Write-Host "http://localhost:$Port/   (Ctrl+C)"
try {
  while ($listener.IsListening) {
    $next = $listener.GetContextAsync()
    # In short waits, so that Ctrl+C is heard.
    while (-not $next.Wait(200)) { }
    $request = $next.Result.Request
    $response = $next.Result.Response
    try {
      $path = [Uri]::UnescapeDataString($request.Url.AbsolutePath).TrimStart('/').Replace('/', '\')
      if ($path -eq '' -or $path.EndsWith('\')) { $path += 'index.html' }
      $file = [IO.Path]::GetFullPath($root + $path)
      if (-not $file.StartsWith($root) -or -not [IO.File]::Exists($file)) {
        $response.StatusCode = 404
      } else {
        $type = $types[[IO.Path]::GetExtension($file)]
        if (-not $type) { $type = 'application/octet-stream' }
        $response.ContentType = $type
        $response.Headers.Add('Cache-Control', 'no-cache')
        $stream = [IO.File]::OpenRead($file)
        try {
          $response.ContentLength64 = $stream.Length
          if ($request.HttpMethod -ne 'HEAD') { $stream.CopyTo($response.OutputStream) }
        } finally { $stream.Dispose() }
      }
    } catch { Write-Host $_.Exception.Message }
    finally { try { $response.Close() } catch { } }
  }
} finally { $listener.Stop() }
