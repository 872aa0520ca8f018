#pragma once
// A key and a certificate that it has signed itself, made anew for each test.
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace certificate {

struct pem {
  std::string certificate, private_key;
};

inline void check(bool well) {
  if (!well) throw std::runtime_error("OpenSSL makes no certificate");
}

// What `write` writes into a BIO.
template <class F>
std::string written(F&& write) {
  std::unique_ptr<BIO, decltype(&BIO_free)> const out(BIO_new(BIO_s_mem()), &BIO_free);
  check(out && write(out.get()) == 1);
  char* text = nullptr;
  auto const n = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(n)};
}

inline pem make(std::string const& host) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  std::unique_ptr<X509, decltype(&X509_free)> const x(X509_new(), &X509_free);
  check(key && x);
  check(X509_set_version(x.get(), 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x.get()), 1) == 1);
  check(X509_gmtime_adj(X509_getm_notBefore(x.get()), -3600) != nullptr && X509_gmtime_adj(X509_getm_notAfter(x.get()), 3600) != nullptr);
  X509_NAME* const name = X509_get_subject_name(x.get());
  check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<unsigned char const*>(host.c_str()), -1, -1, 0) == 1);
  check(X509_set_issuer_name(x.get(), name) == 1 && X509_set_pubkey(x.get(), key.get()) == 1);
  std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> const names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + host).c_str()), &X509_EXTENSION_free);
  check(names && X509_add_ext(x.get(), names.get(), -1) == 1);
  check(X509_sign(x.get(), key.get(), EVP_sha256()) != 0);
  return {written([&](BIO* out) { return PEM_write_bio_X509(out, x.get()); }),
          written([&](BIO* out) { return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
}

}  // namespace certificate
