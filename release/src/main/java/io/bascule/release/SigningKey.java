package io.bascule.release;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;

/**
 * A private key that signs packages. The development key is made at build time, lies under {@code
 * target/}, and is trusted by appliances created from the same working copy only; a real release is
 * signed elsewhere, with a key this code never sees.
 */
record SigningKey(PublicKey publicKey, PrivateKey privateKey) {
  private static final String COMMENT =
      "Bascule DEVELOPMENT key: made by this build, for this working copy only. Not for production.";

  /**
   * The development key in {@code signing}, made if there is none, and its public half in trust.
   */
  static SigningKey loadOrCreate(Path signing, Path trust) throws IOException {
    Path privateFile = signing.resolve("development.pk8");
    Path publicFile = signing.resolve("development.spki");
    Files.createDirectories(signing);
    Files.createDirectories(trust);
    if (Files.notExists(publicFile)) {
      var pair = generate();
      writePrivate(privateFile, pair.privateKey().getEncoded());
      Files.write(publicFile, pair.publicKey().getEncoded()); // last: it says both are there
    }
    var key = load(privateFile, publicFile);
    String pem = TrustStore.toPem(key.publicKey(), COMMENT);
    Path trusted = trust.resolve("development.pem");
    if (Files.notExists(trusted) || !Files.readString(trusted).equals(pem)) {
      Durable.replace(trusted, pem.getBytes(StandardCharsets.US_ASCII));
    }
    return key;
  }

  static SigningKey generate() {
    try {
      KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
      return new SigningKey(pair.getPublic(), pair.getPrivate());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has Ed25519", e);
    }
  }

  ManifestJson.Signature sign(byte[] message) {
    try {
      var signer = Signature.getInstance("Ed25519");
      signer.initSign(privateKey);
      signer.update(message);
      return new ManifestJson.Signature(
          TrustStore.idOf(publicKey), Base64.getEncoder().encodeToString(signer.sign()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a key of ours does not sign", e);
    }
  }

  private static SigningKey load(Path privateFile, Path publicFile) throws IOException {
    try {
      var factory = KeyFactory.getInstance("Ed25519");
      return new SigningKey(
          factory.generatePublic(new X509EncodedKeySpec(Files.readAllBytes(publicFile))),
          factory.generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(privateFile))));
    } catch (GeneralSecurityException e) {
      throw new IOException(privateFile.getParent() + " holds no usable key; remove it", e);
    }
  }

  private static void writePrivate(Path file, byte[] encoded) throws IOException {
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.write(file, encoded);
  }
}
