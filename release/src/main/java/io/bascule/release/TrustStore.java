package io.bascule.release;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whose signature counts: the Ed25519 keys of {@code trust/*.pem} (SubjectPublicKeyInfo), and how
 * many of them must have signed ({@code trust/threshold}, 1 if the file is missing). Immutable.
 */
public final class TrustStore {
  private static final int KEYS_MAX = 64;
  private static final int PEM_MAX_BYTES = 8 * 1024;
  private static final String BEGIN = "-----BEGIN PUBLIC KEY-----";
  private static final String END = "-----END PUBLIC KEY-----";

  private final List<Key> keys;
  private final int threshold;

  private TrustStore(List<Key> keys, int threshold) {
    this.keys = List.copyOf(keys);
    this.threshold = threshold;
  }

  /**
   * A trusted key.
   *
   * @param id the first 16 hex digits of the SHA-256 of the encoded key
   * @param name the file it came from, without {@code .pem}
   */
  public record Key(String id, String name, PublicKey publicKey) {}

  /**
   * Reads the folder.
   *
   * @throws IOException if it is missing or anything in it cannot be understood: half a trust store
   *     is none
   */
  public static TrustStore load(Path folder) throws IOException {
    var keys = new ArrayList<Key>();
    var ids = new HashSet<String>();
    List<Path> files;
    try (var entries = Files.list(folder)) {
      files =
          entries.filter(f -> f.toString().endsWith(".pem")).sorted().limit(KEYS_MAX + 1).toList();
    }
    if (files.isEmpty() || files.size() > KEYS_MAX) {
      throw new IOException(folder + " must hold 1 to " + KEYS_MAX + " keys (*.pem)");
    }
    for (Path file : files) {
      Key key = readKey(file);
      if (!ids.add(key.id())) {
        throw new IOException(file + " holds a key that is there already: it would count twice");
      }
      keys.add(key);
    }
    int threshold = readThreshold(folder.resolve("threshold"));
    if (threshold < 1 || threshold > keys.size()) {
      throw new IOException(
          folder.resolve("threshold")
              + " asks for "
              + threshold
              + " signatures, possible are 1 to "
              + keys.size());
    }
    return new TrustStore(keys, threshold);
  }

  public List<Key> keys() {
    return keys;
  }

  /** How many different trusted keys must have signed. */
  public int threshold() {
    return threshold;
  }

  /** What is wrong with the signatures; empty if enough trusted keys signed the message. */
  Optional<Verdict.Refused> judge(byte[] message, List<ManifestJson.Signature> signatures) {
    if (signatures.isEmpty()) {
      return no(Verdict.Reason.NOT_SIGNED, "the package is not signed");
    }
    var good = new HashSet<String>();
    var unknown = new ArrayList<String>();
    for (var signature : signatures) {
      String keyId = signature.keyId() == null ? "" : signature.keyId();
      var key = keys.stream().filter(k -> k.id().equals(keyId)).findFirst();
      if (key.isEmpty()) {
        unknown.add(ManifestJson.printable(keyId));
      } else if (holds(key.get().publicKey(), message, signature.signature())) {
        good.add(keyId);
      } else {
        return no(
            Verdict.Reason.WRONG_SIGNATURE,
            "the signature of key "
                + keyId
                + " does not fit the manifest: one of them was changed");
      }
    }
    if (good.isEmpty()) {
      return no(
          Verdict.Reason.UNTRUSTED_KEY,
          "the package is signed by " + String.join(", ", unknown) + ", which is not trusted here");
    }
    if (good.size() < threshold) {
      return no(
          Verdict.Reason.TOO_FEW_SIGNATURES,
          "trusted keys that signed: " + good.size() + ", needed: " + threshold);
    }
    return Optional.empty();
  }

  private static Optional<Verdict.Refused> no(Verdict.Reason reason, String detail) {
    return Optional.of(new Verdict.Refused(reason, detail));
  }

  private static boolean holds(PublicKey key, byte[] message, @Nullable String base64) {
    if (base64 == null) {
      return false;
    }
    try {
      var verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(key);
      verifier.update(message);
      return verifier.verify(Base64.getDecoder().decode(base64));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return false; // malformed signatures are wrong ones
    }
  }

  private static Key readKey(Path file) throws IOException {
    if (Files.size(file) > PEM_MAX_BYTES) {
      throw new IOException(file + " is too large for a key");
    }
    String text = Files.readString(file, StandardCharsets.UTF_8);
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IOException(file + " holds no public key (PEM)");
    }
    try {
      byte[] encoded =
          Base64.getMimeDecoder().decode(text.substring(begin + BEGIN.length(), end).strip());
      var key = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
      String name = file.getFileName().toString();
      return new Key(idOf(key), name.substring(0, name.length() - ".pem".length()), key);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(file + " holds no Ed25519 public key", e);
    }
  }

  private static int readThreshold(Path file) throws IOException {
    String text;
    try {
      text = Files.readString(file).strip();
    } catch (NoSuchFileException e) {
      return 1;
    }
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IOException(file + " holds no number", e);
    }
  }

  static String idOf(PublicKey key) {
    return HexFormat.of().formatHex(Hashes.sha256().digest(key.getEncoded()), 0, 8);
  }

  /** The key as PEM, after a line of comment. */
  static String toPem(PublicKey key, String comment) {
    var base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded());
    return comment + "\n" + BEGIN + "\n" + base64 + "\n" + END + "\n";
  }
}
