import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Reads URLs as java.net.URI or java.net.URL does; in and out as `parsers.py` has it. */
class Parsers {
    static String uri(String text) throws Exception {
        URI parts = new URI(text);
        int port = parts.getPort() < 0 ? 443 : parts.getPort();
        return parts.getScheme() + " " + parts.getHost() + " " + port + " " + parts.getRawPath();
    }

    static String url(String text) throws Exception {
        URL parts = new URL(text);
        int port = parts.getPort() < 0 ? parts.getDefaultPort() : parts.getPort();
        return parts.getProtocol() + " " + parts.getHost() + " " + port + " " + parts.getPath();
    }

    public static void main(String[] args) throws Exception {
        HexFormat hex = HexFormat.of();
        StringBuilder answers = new StringBuilder();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String text = new String(hex.parseHex(line), StandardCharsets.UTF_8);
            String answer;
            try {
                answer = args[0].equals("uri") ? uri(text) : url(text);
            } catch (Exception refused) {
                answer = "";
            }
            answers.append(hex.formatHex(answer.getBytes(StandardCharsets.UTF_8))).append('\n');
        }
        System.out.print(answers);
    }
}
