import com.rometools.rome.feed.synd.*;
import com.rometools.rome.io.*;
import java.io.File;
import java.util.*;
import java.util.stream.*;

/**
 * Reads documents with ROME: {@code java Read VERSION DOCUMENTS}. Prints a JSON line for each
 * document, as read.py does.
 */
public class Read {
  public static void main(String[] arguments) {
    File[] files = new File(arguments[1]).listFiles((folder, name) -> !name.endsWith(".json"));
    Arrays.sort(files);
    for (File file : files) {
      String said;
      try {
        SyndFeed feed = new SyndFeedInput().build(new XmlReader(file));
        boolean isAtom = file.getName().endsWith(".atom");
        said = "\"entries\":[" + joined(feed.getEntries(), each -> entry(each, isAtom)) + "]";
      } catch (Exception error) {
        said = "\"error\":" + quoted(error.toString());
      }
      System.out.println("{\"library\":\"ROME (Java)\",\"version\":" + quoted(arguments[0])
          + ",\"file\":" + quoted(file.getName()) + "," + said + "}");
    }
  }

  static String entry(SyndEntry entry, boolean isAtom) {
    List<String> names = entry.getAuthors().isEmpty()
        ? Stream.of(entry.getAuthor()).filter(each -> each != null && !each.isEmpty()).toList()
        : entry.getAuthors().stream().map(SyndPerson::getName).toList();
    List<String> emails =
        entry.getAuthors().stream().map(SyndPerson::getEmail).filter(Objects::nonNull).toList();
    String content = entry.getContents().isEmpty() ? null : entry.getContents().get(0).getValue();
    Date published = entry.getPublishedDate();
    String labels = isAtom ? "null"
        : "[" + joined(entry.getCategories(), each -> quoted(each.getName())) + "]";
    return "{\"id\":" + quoted(entry.getUri()) + ",\"title\":" + quoted(entry.getTitle())
        + ",\"link\":" + quoted(entry.getLink()) + ",\"content\":" + quoted(content)
        + ",\"published\":" + quoted(published == null ? null : published.toInstant().toString())
        + ",\"authors\":[" + joined(names, Read::quoted) + "]"
        + ",\"emails\":[" + joined(emails, Read::quoted) + "],\"labels\":" + labels + "}";
  }

  static <T> String joined(List<T> all, java.util.function.Function<T, String> written) {
    return all.stream().map(written).collect(Collectors.joining(","));
  }

  static String quoted(String text) {
    if (text == null) return "null";
    StringBuilder made = new StringBuilder("\"");
    for (char each : text.toCharArray())
      if (each < ' ' || each > '~' || each == '"' || each == '\\')
        made.append(String.format("\\u%04x", (int) each));
      else made.append(each);
    return made.append('"').toString();
  }
}
