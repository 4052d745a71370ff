// Serves a folder to this computer only. serve.ps1 compiles this with what every Windows brings, which knows C# 5.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Text.RegularExpressions;
using System.Threading;

public sealed class BoothServer : IDisposable
{
    const int PieceBytes = 256 * 1024;

    static readonly Dictionary<string, string> Types = new Dictionary<string, string>
    {
        { ".css", "text/css; charset=utf-8" },
        { ".html", "text/html; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".json", "application/json; charset=utf-8" },
        { ".md", "text/plain; charset=utf-8" },
        { ".mjs", "text/javascript; charset=utf-8" },
        { ".png", "image/png" },
        { ".svg", "image/svg+xml" },
        { ".txt", "text/plain; charset=utf-8" },
        { ".wasm", "application/wasm" },
        { ".webmanifest", "application/manifest+json" },
        { ".woff2", "font/woff2" },
    };

    readonly string root;
    readonly HttpListener listener = new HttpListener();

    /// <exception cref="HttpListenerException">The port is in use.</exception>
    public BoothServer(string folder, int port)
    {
        var separator = Path.DirectorySeparatorChar;
        root = Path.GetFullPath(folder).TrimEnd(separator) + separator;
        listener.Prefixes.Add("http://localhost:" + port.ToString(CultureInfo.InvariantCulture) + "/");
        listener.Start();
        Run(Listen);
    }

    public void Dispose()
    {
        listener.Close();
    }

    static void Run(Action work)
    {
        new Thread(() => work()) { IsBackground = true }.Start();
    }

    void Listen()
    {
        while (true)
        {
            HttpListenerContext context;
            try { context = listener.GetContext(); }
            // The server was ended.
            catch (HttpListenerException) { return; }
            catch (InvalidOperationException) { return; }
            // One thread each: a browser that reads slowly holds up nobody else.
            Run(() => Answer(context));
        }
    }

    void Answer(HttpListenerContext context)
    {
        var response = context.Response;
        try
        {
            // Windows also lets requests of other computers through that name this one "localhost".
            var file = context.Request.IsLocal ? FileAt(context.Request.Url) : null;
            if (file == null) response.StatusCode = 404;
            else SendFile(file, context.Request, response);
            response.Close();
        }
        // The stick was pulled out, or the browser has gone. Whatever it is, it ends one answer and not the server.
        catch (Exception) { response.Abort(); }
    }

    /// <summary>The file that an address names; null where it leads out of the folder or there is none.</summary>
    string FileAt(Uri address)
    {
        var path = Uri.UnescapeDataString(address.AbsolutePath).TrimStart('/');
        if (path.IndexOf(':') >= 0 || path.IndexOf('\0') >= 0) return null;
        if (path.Length == 0 || path.EndsWith("/", StringComparison.Ordinal)) path += "index.html";
        var file = Path.GetFullPath(Path.Combine(root, path.Replace('/', Path.DirectorySeparatorChar)));
        return file.StartsWith(root, StringComparison.Ordinal) && File.Exists(file) ? file : null;
    }

    static void SendFile(string name, HttpListenerRequest request, HttpListenerResponse response)
    {
        using (var file = new FileStream(name, FileMode.Open, FileAccess.Read, FileShare.Read))
        {
            var size = file.Length;
            var tag = "\"" + size + "-" + File.GetLastWriteTimeUtc(name).Ticks + "\"";
            string type;
            response.ContentType = Types.TryGetValue(Path.GetExtension(name), out type) ? type : "application/octet-stream";
            response.AddHeader("Cache-Control", "no-cache");
            response.AddHeader("Accept-Ranges", "bytes");
            response.AddHeader("ETag", tag);
            // With these the page may use several threads where there is no GPU.
            response.AddHeader("Cross-Origin-Opener-Policy", "same-origin");
            response.AddHeader("Cross-Origin-Embedder-Policy", "require-corp");
            var wanted = Regex.Match(request.Headers["Range"] ?? "", "^bytes=([0-9]{1,18})-([0-9]{0,18})$");
            var isPart = wanted.Success && (request.Headers["If-Range"] ?? tag) == tag;
            if (!isPart && request.Headers["If-None-Match"] == tag)
            {
                response.StatusCode = 304;
                return;
            }
            long first = 0, last = size - 1;
            if (isPart)
            {
                first = long.Parse(wanted.Groups[1].Value, CultureInfo.InvariantCulture);
                if (wanted.Groups[2].Length > 0)
                    last = Math.Min(last, long.Parse(wanted.Groups[2].Value, CultureInfo.InvariantCulture));
                response.StatusCode = first > last ? 416 : 206;
                response.AddHeader("Content-Range", "bytes " + (first > last ? "*" : first + "-" + last) + "/" + size);
                if (first > last) return;
            }
            response.ContentLength64 = last - first + 1;
            if (request.HttpMethod != "HEAD") Copy(file, first, last - first + 1, response.OutputStream);
        }
    }

    static void Copy(Stream file, long first, long count, Stream target)
    {
        file.Position = first;
        var piece = new byte[PieceBytes];
        while (count > 0)
        {
            var read = file.Read(piece, 0, (int)Math.Min(piece.Length, count));
            if (read == 0) throw new EndOfStreamException();
            target.Write(piece, 0, read);
            count -= read;
        }
    }
}
